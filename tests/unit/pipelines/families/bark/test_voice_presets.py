from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.families.bark.voice_presets import VoicePresets
from pipelines.family import SynthesisInput


@pytest.fixture
def presets(checkpoint_entry: Entry, checkpoint: Path) -> VoicePresets:
    return VoicePresets(checkpoint_entry, checkpoint)


def test_voices_are_sorted_and_have_the_language_of_their_name(presets: VoicePresets) -> None:
    found = [(voice.id, voice.language) for voice in presets.voices()]
    assert found == [("v2/de_speaker_1", "de"), ("v2/en_speaker_0", "en")]


@pytest.mark.parametrize(
    ("voice", "language", "chosen"),
    [
        ("v2/en_speaker_0", "de", "v2/en_speaker_0"),
        ("", "de-AT", "v2/de_speaker_1"),
        ("", "en", "v2/en_speaker_0"),
        ("", "fr", "v2/de_speaker_1"),
    ],
    ids=["by name", "by language", "by language too", "the first one"],
)
def test_a_preset_is_chosen_by_name_then_by_language(
    presets: VoicePresets, voice: str, language: str, chosen: str
) -> None:
    assert presets.choose(SynthesisInput("Hi.", voice, language)) is presets.get(chosen)


def test_the_default_voice_is_for_its_language_only(checkpoint_entry: Entry, checkpoint: Path) -> None:
    presets = VoicePresets(replace(checkpoint_entry, default_voice="v2/en_speaker_0"), checkpoint)
    assert presets.choose(SynthesisInput("Hi.", "", "")) is presets.get("v2/en_speaker_0")
    assert presets.choose(SynthesisInput("Hi.", "", "de")) is presets.get("v2/de_speaker_1")


def test_without_presets_there_is_no_prompt(checkpoint_entry: Entry, tmp_path: Path) -> None:
    assert VoicePresets(checkpoint_entry, tmp_path).choose(SynthesisInput("Hi.", "", "en")) is None


def test_an_unknown_voice_is_refused(presets: VoicePresets) -> None:
    with pytest.raises(UnsupportedOption, match="no voice 'anna'") as refused:
        presets.get("anna")
    assert refused.value.field == "voice"


def test_arrays_of_other_dimensions_are_refused(checkpoint_entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "speaker_embeddings").mkdir()
    flat = np.zeros(4, np.int64)
    np.savez(tmp_path / "speaker_embeddings" / "flat.npz", semantic_prompt=flat, coarse_prompt=flat, fine_prompt=flat)
    with pytest.raises(ModelUnavailable, match="no preset"):
        VoicePresets(checkpoint_entry, tmp_path).get("flat")
