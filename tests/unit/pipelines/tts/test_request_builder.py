"""What a family is asked for a piece."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.errors import UnsupportedOption
from pipelines.family import Recording, SpeakRequest
from pipelines.requests import SynthesisRequest
from pipelines.text.splitting.chunks import Piece
from pipelines.text.style import Style
from pipelines.tts.request_builder import Asking


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
    assert ask(Piece("Hi."), entry(languages=("*",)), document=unknown).language == ""
    assert ask(Piece("Hi."), entry(languages=("de",)), document=unknown).language == ""


@pytest.mark.parametrize(
    ("changes", "fields", "guess", "text"),
    [
        ({}, {}, "en", "Room one"),
        ({"default_voice": "female-de-5"}, {}, "de", "Room eins"),
        ({"default_voice": "female-en-5"}, {"voice": "male-de-3"}, "de", "Room eins"),
        ({"default_voice": "female-en-5"}, {"voice": "voice_" + "de" * 16}, "en", "Room one"),
    ],
)
def test_a_model_of_several_languages_reads_a_text_in_one_of_them_and_says_which(
    changes: dict[str, Any], fields: dict[str, Any], guess: str, text: str
) -> None:
    asking = Asking(SynthesisRequest(text="x", **fields), entry(**changes), None)
    made = asking.asked(Piece("Room 1"), 0)
    assert made is not None
    assert (made.request.language, made.request.text, made.language) == (guess, text, guess)
    assert asking.warnings == [f"No `language` was given; tone reads the text as '{guess}'. Name it if it is another."]


def test_a_model_that_hears_the_language_from_the_text_is_told_none() -> None:
    asking = Asking(SynthesisRequest(text="x"), entry(normalises=True), None)
    made = asking.asked(Piece("Zimmer 1"), 0)
    assert made is not None
    assert (made.request.language, asking.warnings) == ("", [])


def test_signs_that_nobody_writes_out_are_named_one_by_one() -> None:
    asking = Asking(SynthesisRequest(text="x", normalise=False), entry(), "en")
    made = asking.asked(Piece("Up 3 ‰ and/or † 12."), 0)
    assert made is not None
    assert made.request.text == "Up 3 ‰ and/or † 12."
    assert asking.warnings == [
        "Numbers were read as they stand (normalise is off), for example '1'.",
        *(
            f"No word was put for the sign {sign!r} (normalise is off); the voice may be silent about it."
            for sign in "/†‰"
        ),
    ]


def test_a_language_that_the_model_does_not_speak_is_refused() -> None:
    with pytest.raises(UnsupportedOption, match="tone does not speak 'it'; it speaks: en, de"):
        ask(Piece("Ciao.", style=Style(language="it")))


def test_another_language_is_not_spoken_by_the_voice_of_the_job() -> None:
    assert ask(Piece("Hallo.", style=Style(language="de")), voice="en-us").voice == ""
    assert ask(Piece("Hello.", style=Style(language="en-GB")), voice="en-us").voice == "en-us"
    assert ask(Piece("Hallo.", style=Style(language="de", voice="de+f3")), voice="en-us").voice == "de+f3"


BARK, ESPEAK = Catalog().get("bark", "tts"), Catalog().get("espeak", "tts")


@pytest.mark.parametrize(
    ("model", "voice", "fields", "document", "own"),
    [
        (ESPEAK, "en-us", {"language": "de"}, None, "en"),
        (ESPEAK, "de+f3", {}, "en-GB", "de"),
        (ESPEAK, "cmn", {"language": "ja"}, None, "cmn"),
        (BARK, "v2/en_speaker_6", {"language": "de"}, None, "en"),
    ],
)
def test_a_voice_that_speaks_another_language_is_told(
    model: Entry, voice: str, fields: dict[str, Any], document: str | None, own: str
) -> None:
    asking = Asking(SynthesisRequest(text="x", voice=voice, **fields), model, document)
    made = [asking.asked(Piece(text), 7) for text in ("Eins.", "Zwei.")]
    assert [one.request.voice for one in made if one] == [voice, voice]
    language = fields.get("language", document)
    assert asking.warnings == [
        f"The voice {voice!r} speaks {own!r}, and the language of what it reads is given as {language!r}. "
        "Name a voice of that language, or none: the model then takes its own."
    ]


@pytest.mark.parametrize(
    ("model", "voice", "language"),
    [
        (ESPEAK, "en-us", "en-GB"),
        (ESPEAK, "cmn", "zh-CN"),
        (ESPEAK, "nb", "no"),
        (ESPEAK, "en-us", None),
        (ESPEAK, None, "de"),
        (BARK, "v2/de_speaker_3", "de-AT"),
        (Catalog().get("yourtts", "tts"), "female-en-5", "fr-fr"),  # whose voices speak all its languages
        (Catalog().get("mms-deu", "tts"), "mms-deu", "de"),
        (Catalog().get("tone", "tts"), "tone", "de"),
    ],
)
def test_a_voice_of_the_language_of_the_text_or_of_every_language_is_no_surprise(
    model: Entry, voice: str | None, language: str | None
) -> None:
    asking = Asking(SynthesisRequest(text="x", voice=voice, language=language), model, None)
    assert asking.asked(Piece("Word"), 7) is not None
    assert asking.warnings == []


def test_a_voice_of_the_cast_is_compared_with_the_language_of_its_words() -> None:
    asking = Asking(SynthesisRequest(text="x", cast={"Tom": "en-us"}, language="de"), ESPEAK, None)
    asking.asked(Piece("Eins.", style=Style(voice="Tom", language="en")), 7)
    assert asking.warnings == []
    asking.asked(Piece("Zwei.", style=Style(voice="Tom")), 7)
    assert [warning[:32] for warning in asking.warnings] == ["The voice 'en-us' speaks 'en', a"]


def test_a_voice_with_a_recording_brings_it_along_in_every_language() -> None:
    voice = "voice_" + "a" * 32
    recording = Recording(np.zeros(9, np.int16), 16_000)
    request = SynthesisRequest(text="x", cast={"narrator": voice, "Tom": "alan"}, language="en")
    asking = Asking(request, entry(), None, {voice: recording})
    styles = (Style(), Style(language="de"), Style(voice="Tom"))
    asked = [made.request for style in styles if (made := asking.asked(Piece("Word", style=style), 7))]
    assert [(one.voice, one.options.get("reference")) for one in asked] == [
        (voice, recording),
        (voice, recording),
        ("alan", None),
    ]


def test_a_piece_of_signs_alone_is_left_out_with_a_warning() -> None:
    asking = Asking(SynthesisRequest(text="x"), entry(), "en")
    assert asking.asked(Piece("🙂"), 0) is None
    assert asking.warnings[-1] == "'🙂' has nothing in it that tone can say; it was left out."
