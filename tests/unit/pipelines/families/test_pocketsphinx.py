"""pipelines/families/pocketsphinx.py: words of a real recording; its determinism is tested by the conformance suite."""

from __future__ import annotations

import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.families.pocketsphinx import PocketSphinx, load
from pipelines.family import TranscriptionInput
from tests.audio_factories import load_jfk, make_silence


@pytest.fixture(scope="module")
def recogniser() -> PocketSphinx:
    return load(Catalog().get("pocketsphinx", "stt"), "cpu")


def test_words_of_real_speech_have_times_and_confidence(recogniser: PocketSphinx) -> None:
    (answer,) = recogniser.transcribe([TranscriptionInput(load_jfk()[:44_000])], lambda: None)
    words = [word for phrase in answer.phrases for word in phrase.words]
    fellow = next(word for word in words if word.word == "fellow")
    assert 1.1 < fellow.start < 1.5 and 1.4 < fellow.end < 1.9 and 0 < fellow.confidence <= 1
    assert (answer.language, answer.language_confidence) == ("en", 1.0)


def test_noises_and_variants_are_no_words(recogniser: PocketSphinx) -> None:
    (answer,) = recogniser.transcribe([TranscriptionInput(load_jfk()[:44_000])], lambda: None)
    for phrase in answer.phrases:
        assert not set("<>[]()+") & set(phrase.text)


def test_silence_of_no_length_is_no_words(recogniser: PocketSphinx) -> None:
    (answer,) = recogniser.transcribe([TranscriptionInput(make_silence(0.0))], lambda: None)
    assert answer.phrases == ()
