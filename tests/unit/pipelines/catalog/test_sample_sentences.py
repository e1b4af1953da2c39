"""Which sentence a voice says."""

from __future__ import annotations

import langcodes
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.sample_sentences import SENTENCES, choose_sentence


def test_sentences_are_of_languages_and_short():
    assert {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "zh", "ja"} <= SENTENCES.keys()
    for tag, text in SENTENCES.items():
        assert langcodes.tag_is_valid(tag) and tag == tag.lower(), tag
        assert 10 < len(text) < 90 and text == text.strip(), tag


@pytest.mark.parametrize(
    ("model", "voice_language", "spoken"),
    [
        ("espeak", "pt-BR", "pt"),
        ("espeak", "cmn_Latn", "cmn"),
        ("espeak", "tlh", "en"),
        ("espeak", None, "en"),
        ("yourtts", "fr", "fr"),
        ("yourtts", "de", "en"),
        ("yourtts", "und", "en"),
        ("mms-deu", "und", "de"),
        ("mms-hin", "hi", "hi"),
        ("tone", "und", "en"),
    ],
)
def test_sentence_is_in_the_language_of_the_voice_or_else_of_its_model(model, voice_language, spoken):
    assert choose_sentence(Catalog().named(model), voice_language) == (spoken, SENTENCES[spoken])
