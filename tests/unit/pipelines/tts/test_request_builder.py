"""pipelines/tts/request_builder.py: the input of a family for a text segment."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.errors import UnsupportedOption
from pipelines.family import Recording, SynthesisInput
from pipelines.requests import SynthesisRequest
from pipelines.text.splitting.segment import TextSegment
from pipelines.text.style import Style
from pipelines.tts.request_builder import SynthesisInputBuilder


def entry(**changes: Any) -> Entry:
    """A neural voice for English and German."""
    made = {"languages": ("en", "de"), "normalises": False, "options": frozenset({"speed", "pitch"}), **changes}
    return dataclasses.replace(Catalog().get("tone", "tts"), **made)


def build(
    segment: TextSegment, model: Entry | None = None, document: str | None = None, **fields: Any
) -> SynthesisInput:
    made = SynthesisInputBuilder(SynthesisRequest(text="x", **fields), model or entry(), document).build(segment, 7)
    assert made is not None
    return made.input


def test_the_language_of_the_segment_goes_before_the_requests_and_that_before_the_documents() -> None:
    french_too = entry(languages=("en", "de", "fr"))
    german = TextSegment("Raum 1", style=Style(language="de"))
    assert build(german, french_too, "fr", language="en").text == "Raum eins"
    assert build(TextSegment("Room 1"), french_too, "fr", language="en").text == "Room one"
    assert build(TextSegment("Room 1"), french_too, "fr").text == "Room un"


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
    assert build(TextSegment("Raum 1"), entry(**changes), **fields).text == text


@pytest.mark.parametrize("unknown", ["und", "mul", ""])
def test_a_document_that_does_not_know_its_language_says_nothing(unknown: str) -> None:
    assert build(TextSegment("Hi."), entry(languages=("*",)), document=unknown).language == ""
    assert build(TextSegment("Hi."), entry(languages=("de",)), document=unknown).language == ""


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
    builder = SynthesisInputBuilder(SynthesisRequest(text="x", **fields), entry(**changes), None)
    made = builder.build(TextSegment("Room 1"), 0)
    assert made is not None
    assert (made.input.language, made.input.text, made.language) == (guess, text, guess)
    assert builder.warnings == [f"No `language` was given; tone reads the text as '{guess}'. Name it if it is another."]


def test_a_model_that_detects_the_language_is_given_none() -> None:
    builder = SynthesisInputBuilder(SynthesisRequest(text="x"), entry(normalises=True), None)
    made = builder.build(TextSegment("Zimmer 1"), 0)
    assert made is not None
    assert (made.input.language, builder.warnings) == ("", [])


def test_signs_that_nobody_writes_out_are_named_one_by_one() -> None:
    builder = SynthesisInputBuilder(SynthesisRequest(text="x", normalise=False), entry(), "en")
    made = builder.build(TextSegment("Up 3 ‰ and/or † 12."), 0)
    assert made is not None
    assert made.input.text == "Up 3 ‰ and/or † 12."
    assert builder.warnings == [
        "Numbers were read as they stand (normalise is off), for example '1'.",
        *(
            f"No word was put for the sign {sign!r} (normalise is off); the voice may be silent about it."
            for sign in "/†‰"
        ),
    ]


def test_a_language_that_the_model_does_not_speak_is_refused() -> None:
    with pytest.raises(UnsupportedOption, match="tone does not speak 'it'; it speaks: en, de"):
        build(TextSegment("Ciao.", style=Style(language="it")))


def test_another_language_is_not_spoken_by_the_voice_of_the_job() -> None:
    assert build(TextSegment("Hallo.", style=Style(language="de")), voice="en-us").voice == ""
    assert build(TextSegment("Hello.", style=Style(language="en-GB")), voice="en-us").voice == "en-us"
    assert build(TextSegment("Hallo.", style=Style(language="de", voice="de+f3")), voice="en-us").voice == "de+f3"


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
def test_a_voice_that_speaks_another_language_is_a_warning(
    model: Entry, voice: str, fields: dict[str, Any], document: str | None, own: str
) -> None:
    builder = SynthesisInputBuilder(SynthesisRequest(text="x", voice=voice, **fields), model, document)
    made = [builder.build(TextSegment(text), 7) for text in ("Eins.", "Zwei.")]
    assert [one.input.voice for one in made if one] == [voice, voice]
    language = fields.get("language", document)
    assert builder.warnings == [
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
def test_a_voice_of_the_language_of_the_text_or_of_every_language_gives_no_warning(
    model: Entry, voice: str | None, language: str | None
) -> None:
    builder = SynthesisInputBuilder(SynthesisRequest(text="x", voice=voice, language=language), model, None)
    assert builder.build(TextSegment("Word"), 7) is not None
    assert builder.warnings == []


def test_a_voice_of_the_cast_is_compared_with_the_language_of_its_words() -> None:
    builder = SynthesisInputBuilder(SynthesisRequest(text="x", cast={"Tom": "en-us"}, language="de"), ESPEAK, None)
    builder.build(TextSegment("Eins.", style=Style(voice="Tom", language="en")), 7)
    assert builder.warnings == []
    builder.build(TextSegment("Zwei.", style=Style(voice="Tom")), 7)
    assert [warning[:32] for warning in builder.warnings] == ["The voice 'en-us' speaks 'en', a"]


def test_a_voice_with_a_recording_has_it_as_reference_in_every_language() -> None:
    voice = "voice_" + "a" * 32
    recording = Recording(np.zeros(9, np.int16), 16_000)
    request = SynthesisRequest(text="x", cast={"narrator": voice, "Tom": "alan"}, language="en")
    builder = SynthesisInputBuilder(request, entry(), None, {voice: recording})
    styles = (Style(), Style(language="de"), Style(voice="Tom"))
    inputs = [made.input for style in styles if (made := builder.build(TextSegment("Word", style=style), 7))]
    assert [(one.voice, one.options.get("reference")) for one in inputs] == [
        (voice, recording),
        (voice, recording),
        ("alan", None),
    ]


def test_a_segment_of_signs_alone_is_left_out_with_a_warning() -> None:
    builder = SynthesisInputBuilder(SynthesisRequest(text="x"), entry(), "en")
    assert builder.build(TextSegment("🙂"), 0) is None
    assert builder.warnings[-1] == "'🙂' has nothing in it that tone can say; it was left out."
