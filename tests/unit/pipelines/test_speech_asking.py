"""What a family is asked for a piece."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from pipelines.catalog import Catalog, Entry
from pipelines.errors import UnsupportedOption
from pipelines.family import Recording, SpeakRequest
from pipelines.requests import SynthesisRequest
from pipelines.speech_asking import Asking
from pipelines.text.chunks import Piece
from pipelines.text.style import Style


def entry(**changes: Any) -> Entry:
    """A neural voice for English and German."""
    made = {"languages": ("en", "de"), "normalises": False, "options": frozenset({"speed", "pitch"}), **changes}
    return dataclasses.replace(Catalog().get("tone", "tts"), **made)


def ask(piece: Piece, asked_of: Entry | None = None, document: str | None = None, **fields: Any) -> SpeakRequest:
    made = Asking(SynthesisRequest(text="x", **fields), asked_of or entry(), document).asked(piece, 7)
    assert made is not None
    return made.request


def test_the_language_of_the_piece_goes_before_the_requests_and_that_before_the_documents() -> None:
    french_too = entry(languages=("en", "de", "fr"))
    german = Piece("Raum 1", style=Style(language="de"))
    assert ask(german, french_too, "fr", language="en").text == "Raum eins"
    assert ask(Piece("Room 1"), french_too, "fr", language="en").text == "Room one"
    assert ask(Piece("Room 1"), french_too, "fr").text == "Room un"


@pytest.mark.parametrize(
    ("changes", "fields", "text"),
    [
        ({"languages": ("de",)}, {}, "Raum eins"),
        ({"languages": ("*",)}, {"voice": "de+f3"}, "Raum eins"),
        ({"languages": ("*",), "default_voice": "fr-fr"}, {}, "Raum un"),
        ({"languages": ("*",), "default_voice": "somebody"}, {}, "Raum 1"),
    ],
)
def test_where_nobody_names_a_language_it_is_the_models_or_the_one_of_its_voice(
    changes: dict[str, Any], fields: dict[str, Any], text: str
) -> None:
    assert ask(Piece("Raum 1"), entry(**changes), **fields).text == text


@pytest.mark.parametrize("unknown", ["und", "mul", ""])
def test_a_document_that_does_not_know_its_language_says_nothing(unknown: str) -> None:
    assert ask(Piece("Hi."), document=unknown).language == ""


def test_a_language_that_the_model_does_not_speak_is_refused() -> None:
    with pytest.raises(UnsupportedOption, match="tone does not speak 'it'; it speaks: en, de"):
        ask(Piece("Ciao.", style=Style(language="it")))


def test_another_language_is_not_spoken_by_the_voice_of_the_job() -> None:
    assert ask(Piece("Hallo.", style=Style(language="de")), voice="en-us").voice == ""
    assert ask(Piece("Hello.", style=Style(language="en-GB")), voice="en-us").voice == "en-us"
    assert ask(Piece("Hallo.", style=Style(language="de", voice="de+f3")), voice="en-us").voice == "de+f3"


@pytest.mark.parametrize(("speed", "rate", "asked"), [(1.0, 1.25, 1.25), (1.5, 2.0, 2.0), (0.5, 0.5, 0.5)])
def test_speeds_multiply_and_stay_within_what_a_request_may_ask(speed: float, rate: float, asked: float) -> None:
    asking = Asking(SynthesisRequest(text="x", speed=speed), entry(), "en")
    made = asking.asked(Piece("Hi.", style=Style(rate=rate)), 0)
    assert made is not None
    assert made.request.speed == asked
    assert bool(asking.warnings) == (speed * rate != asked)


def test_semitones_are_thirds_of_a_step_of_pitch_and_add_to_the_requests_own() -> None:
    assert ask(Piece("Hi.", style=Style(pitch=3.0)), pitch=0.5).options == {"pitch": 1.5}
    assert ask(Piece("Hi.", style=Style(pitch=24.0))).options == {"pitch": 3.0}
    assert ask(Piece("Hi."), pitch=0.5).options == {"pitch": 0.5}


def test_a_voice_with_a_recording_brings_it_along_in_every_language() -> None:
    voice = "voice_" + "a" * 32
    recording = Recording(np.zeros(9, np.int16), 16_000)
    request = SynthesisRequest(text="x", cast={"narrator": voice, "Tom": "alan"}, language="en")
    asking = Asking(request, entry(), None, {voice: recording})
    styles = (Style(), Style(language="de"), Style(voice="Tom"))
    asked = [made.request for style in styles if (made := asking.asked(Piece("Word", style=style), 7))]
    assert [(one.voice, one.options.get("reference")) for one in asked] == [
        (voice, recording), (voice, recording), ("alan", None),
    ]  # fmt: skip


def test_a_piece_of_signs_alone_is_left_out_with_a_warning() -> None:
    asking = Asking(SynthesisRequest(text="x"), entry(), "en")
    assert asking.asked(Piece("🙂"), 0) is None
    assert asking.warnings[-1] == "'🙂' has nothing in it that tone can say; it was left out."
