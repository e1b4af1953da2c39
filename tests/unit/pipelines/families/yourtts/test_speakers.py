from __future__ import annotations

import json

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.families.yourtts.languages import resolve_language
from pipelines.families.yourtts.speakers import list_voices, read_embeddings, resolve_embedding
from tests.checkpoints import FIXTURES

ENTRY = Catalog().get("yourtts", "tts")
FOLDER = FIXTURES / "yourtts"


def test_voices_are_the_names_of_the_clips():
    voices = list_voices(ENTRY, FOLDER)
    assert [(voice.id, voice.gender) for voice in voices] == [
        ("female-en-5", "female"),
        ("female-pt-4", "female"),
        ("male-en-2", "male"),
    ]
    assert {voice.sample_rate_hz for voice in voices} == {16_000}


def test_a_voice_is_the_mean_of_its_clips():
    clips = json.loads((FOLDER / "speakers.json").read_text()).values()
    own = [clip["embedding"] for clip in clips if clip["name"] == "female-en-5"]
    assert len(own) == 2
    assert np.allclose(read_embeddings(ENTRY, FOLDER)["female-en-5"], np.mean(own, axis=0))


def test_voices_are_found_by_name_and_others_refused():
    vectors = read_embeddings(ENTRY, FOLDER)
    assert resolve_embedding(ENTRY, vectors, "") is vectors["female-en-5"]
    assert resolve_embedding(ENTRY, vectors, "male-en-2") is vectors["male-en-2"]
    with pytest.raises(UnsupportedOption, match="female-pt-4") as refused:
        resolve_embedding(ENTRY, vectors, "bob")
    assert refused.value.field == "voice"
    with pytest.raises(UnsupportedOption, match="voice of a recording"):
        resolve_embedding(ENTRY, {}, "")


def test_without_the_file_there_are_no_voices_and_a_strange_one_is_refused(tmp_path):
    assert list_voices(ENTRY, tmp_path) == []
    (tmp_path / "speakers.json").write_text('{"clip": [1, 2]}')
    with pytest.raises(ModelUnavailable, match=r"speakers\.json"):
        list_voices(ENTRY, tmp_path)


def test_languages_are_found_by_tag_then_by_primary_language():
    numbers = {"en": 0, "fr-fr": 1, "pt-br": 2}
    tags = {"en": 0, "en-GB": 0, "fr": 1, "fr-FR": 1, "fr_CA": 1, "pt-PT": 2, "PT-BR": 2, "": 0}
    assert {tag: resolve_language(numbers, tag, name="yourtts") for tag in tags} == tags
    with pytest.raises(UnsupportedOption, match="it speaks: en, fr-fr, pt-br") as refused:
        resolve_language(numbers, "de", name="yourtts")
    assert refused.value.field == "language"
