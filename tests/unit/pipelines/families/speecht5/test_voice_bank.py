from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import BadInput, ModelUnavailable, UnsupportedOption
from pipelines.families.speecht5.voice_bank import VoiceBank
from pipelines.family import SynthesisInput
from tests.checkpoints import make_entry

SLT = "cmu_us_slt_arctic-wav-arctic_a0001"
ENTRY = make_entry(default_voice=None)


@pytest.fixture
def bank(tmp_path: Path) -> VoiceBank:
    np.savez(tmp_path / "voices.npz", zoe=np.ones(4), ann=np.full((1, 4), 2.0))
    (tmp_path / "voices").mkdir()
    np.save(tmp_path / "voices" / f"{SLT}.npy", np.full(4, 3.0))
    return VoiceBank.read(ENTRY, tmp_path)


def make_input(voice: str = "", **options: object) -> SynthesisInput:
    return SynthesisInput("Hi.", voice, "en", options=options)


def test_arrays_and_files_are_voices_sorted_by_name(bank: VoiceBank) -> None:
    assert [(voice.id, voice.gender) for voice in bank.voices(ENTRY)] == [("ann", None), (SLT, "female"), ("zoe", None)]
    assert all(embedding.shape == (4,) and embedding.dtype == np.float32 for embedding in bank.embeddings.values())


def test_a_reference_precedes_the_name_and_the_first_voice_is_the_default(bank: VoiceBank) -> None:
    assert bank.resolve(ENTRY, make_input("zoe"), 4).tolist() == [1.0] * 4
    assert bank.resolve(ENTRY, make_input("zoe", reference=[5.0] * 4), 4).tolist() == [5.0] * 4
    assert bank.resolve(ENTRY, make_input(), 4).tolist() == [2.0] * 4


def test_an_unknown_voice_is_refused(bank: VoiceBank) -> None:
    with pytest.raises(UnsupportedOption, match=r"no voice 'bob'; it has: ann") as refused:
        bank.resolve(ENTRY, make_input("bob"), 4)
    assert refused.value.field == "voice"


@pytest.mark.parametrize("reference", [[1.0] * 3, [0.0] * 4, [np.nan] * 4], ids=["size", "zeros", "NaN"])
def test_an_unusable_embedding_is_refused(bank: VoiceBank, reference: list[float]) -> None:
    with pytest.raises(BadInput, match="x-vector of 4 numbers"):
        bank.resolve(ENTRY, make_input(reference=reference), 4)


def test_a_file_that_is_no_array_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voices.npz").write_text("none")
    with pytest.raises(ModelUnavailable, match=r"voices\.npz holds no arrays"):
        VoiceBank.read(ENTRY, tmp_path)
