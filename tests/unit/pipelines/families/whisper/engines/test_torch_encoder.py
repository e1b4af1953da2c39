from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.catalog.entry import Entry
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.families.whisper.checkpoint import read_checkpoint
from pipelines.families.whisper.engines import torch_encoder
from pipelines.families.whisper.engines.torch_encoder import NumpyEncoder, TorchEncoder, load_bfloat16_encoder
from pipelines.families.whisper.engines.torch_module import load_module


@pytest.fixture(scope="module")
def encoder(entry: Entry) -> TorchEncoder:
    return TorchEncoder(entry, load_module(entry, read_checkpoint(entry)), torch.device("cpu"), torch.float32)


def make_mels(windows: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(windows, 80, 3_000)).astype(np.float32)


def tick() -> None:
    pass


def test_states_are_those_of_the_library_and_independent_of_the_batch(entry: Entry, encoder: TorchEncoder) -> None:
    mels = make_mels(2)
    states = encoder.encode(mels, tick)
    with torch.inference_mode():
        wanted = load_module(entry, read_checkpoint(entry)).model.encoder(torch.from_numpy(mels)).last_hidden_state
    assert torch.allclose(states, wanted, atol=1e-4)
    assert torch.equal(encoder.encode(mels[1:], tick)[0], states[1])


def test_states_for_other_libraries_are_float32_arrays(encoder: TorchEncoder) -> None:
    states = NumpyEncoder(encoder).encode(make_mels(1), tick)
    assert isinstance(states, np.ndarray) and states.dtype == np.float32


def test_an_error_of_the_library_is_an_engine_failure(encoder: TorchEncoder) -> None:
    with pytest.raises(EngineFailure, match="failed on a window"):
        encoder.encode(make_mels(1)[:, :40], tick)


def test_emulated_bfloat16_is_refused(entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_encoder, "has_fast_bfloat16", lambda device: False)
    with pytest.raises(ModelUnavailable, match="no instructions for bfloat16"):
        load_bfloat16_encoder(entry, load_module(entry, read_checkpoint(entry)), "cpu")
