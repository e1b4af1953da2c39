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
from pipelines.text.style import SpokenForm, Style
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
    asked = [({"language": "it"}, TextSegment("Ciao.")), ({}, TextSegment("Ciao.", style=Style(language="it")))]
    for fields, segment in asked:
        request = SynthesisRequest(ssml="<speak>Ciao.</speak>", **fields)
        with pytest.raises(UnsupportedOption, match="tone does not speak 'it'; it speaks: en, de"):
            SynthesisInputBuilder(request, entry(), None).build(segment, 7)
    with pytest.raises(UnsupportedOption, match="tone does not speak 'it'"):
        build(TextSegment("Ciao."), language="it")


@pytest.mark.parametrize("fields", [{"text": "x"}, {"source_name": "book.epub"}])
def test_what_a_book_asks_for_and_the_model_cannot_do_is_a_warning(fields: dict[str, str]) -> None:
    builder = SynthesisInputBuilder(SynthesisRequest(**fields), entry(), "en")
    form = SpokenForm(0, 4, "ipa", "tʃaʊ")
    made = builder.build(TextSegment("Ciao.", style=Style(language="it"), spoken_forms=[form]), 7)
    assert made is not None
    assert (made.input.text, made.input.language, "phonemes" in made.input.options) == ("Ciao.", "en", False)
    assert [warning.partition(";")[0] for warning in builder.warnings] == [
        "tone does not speak 'it'",
        "tone takes no phonemes",
    ]


def test_a_passage_in_a_language_without_a_voice_is_read_as_the_rest_with_a_warning() -> None:
    builder = SynthesisInputBuilder(SynthesisRequest(text="x"), ESPEAK, "en")
    builder.ask_voices(lambda language: language in ("en", "de"))
    made = [builder.build(TextSegment("Hm.", style=Style(language=language)), 7) for language in ("tlh", "de")]
    assert [each.input.language for each in made if each] == ["en", "de"]
    assert builder.warnings == ["espeak does not speak 'tlh'; passages in it were read as the rest."]


def test_a_document_in_a_language_that_the_model_does_not_speak_is_refused_with_what_to_name() -> None:
    with pytest.raises(UnsupportedOption, match=r"does not speak 'it'.*language of the document.*--language"):
        build(TextSegment("Ciao."), document="it")


@pytest.mark.parametrize(
    ("changes", "fields", "language", "warning"),
    [
        ({}, {}, "de", "it is read so"),
        ({"default_voice": "female-de-5"}, {}, "", None),
        ({"languages": ("en",)}, {}, "", "which tone does not speak"),
        ({"languages": ("*",)}, {"voice": "en-us"}, "", "which the voice 'en-us' does not speak"),
        ({"languages": ("*",)}, {"voice": "de"}, "", None),
        ({}, {"language": "en"}, "en", None),
    ],
)
def test_the_language_that_a_text_seems_to_be_in_is_followed_where_nobody_says_otherwise(
    changes: dict[str, Any], fields: dict[str, Any], language: str, warning: str | None
) -> None:
    model = entry(normalises=True, **changes)
    builder = SynthesisInputBuilder(SynthesisRequest(text="x", **fields), model, None)
    builder.follow_detected("de")
    made = [builder.build(TextSegment("Raum."), 0) for _ in range(2)]
    assert [each.input.language for each in made if each] == [language, language]
    assert len(builder.warnings) == (warning is not None)
    assert (warning or "") in "".join(builder.warnings)


@pytest.mark.parametrize("fields", [{"ssml": "<speak>x</speak>"}, {"source_type": "ssml"}, {"source_name": "a.ssml"}])
def test_phonemes_of_ssml_are_an_order(fields: dict[str, str]) -> None:
    builder = SynthesisInputBuilder(SynthesisRequest(**fields), entry(), "en")
    with pytest.raises(UnsupportedOption, match="takes no phonemes"):
        builder.build(TextSegment("Ciao.", spoken_forms=[SpokenForm(0, 4, "ipa", "tʃaʊ")]), 7)


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


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("It costs $500.", "en", "It costs five hundred dollars."),
        ("Henry VIII met Dr Müller.", "en", "Henry the Eighth met Doctor Müller."),
        ("Dr Müller zahlt 5 €/Monat.", "de", "Doktor Müller zahlt fünf Euro pro Monat."),
        ("It costs $500 ☃.", "en", "It costs five hundred dollars ☃."),
    ],
)
def test_a_voice_that_reads_numbers_itself_gets_words_where_the_language_has_rules(
    text: str, language: str, spoken: str
) -> None:
    builder = SynthesisInputBuilder(SynthesisRequest(text="x", language=language), Catalog().get("espeak", "tts"), None)
    made = builder.build(TextSegment(text), 7)
    assert made is not None
    assert made.input.text == spoken
    assert made.spoken.written == text
    assert builder.warnings == []


def test_marks_of_numbers_in_words_have_the_text_of_the_author() -> None:
    made = SynthesisInputBuilder(SynthesisRequest(text="x", language="en"), Catalog().get("espeak", "tts"), None).build(
        TextSegment("Pay C$40 to Dr Who in WWII."), 7
    )
    assert made is not None
    for words, written in (("forty Canadian dollars", "C$40"), ("Doctor", "Dr"), ("World War two", "WWII")):
        start = made.input.text.index(words)
        first, last = made.spoken.written_range(start, start + len(words))
        assert made.spoken.written[first:last] == written
