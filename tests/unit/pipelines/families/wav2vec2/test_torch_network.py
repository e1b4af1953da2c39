from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.families.wav2vec2.checkpoint import read_checkpoint
from pipelines.families.wav2vec2.features import normalise
from pipelines.families.wav2vec2.torch_network import TorchNetworkEngine, list_precisions
from tests.audio_factories import make_noise
from tests.wav2vec2_checkpoint import make_entry


@pytest.fixture(scope="module")
def engine() -> TorchNetworkEngine:
    return TorchNetworkEngine(read_checkpoint(make_entry(slots=8)), "cpu", "float32")


def test_windows_are_computed_one_by_one_on_a_cpu(engine: TorchNetworkEngine) -> None:
    assert engine.batch_size == 1 and engine.engine == "torch/float32"


def test_each_window_of_a_batch_has_its_own_frames(engine: TorchNetworkEngine) -> None:
    waves = [normalise(make_noise(seconds), is_normalised=True) for seconds in (0.5, 0.2)]
    together = engine.logits(waves)
    assert [len(logits) for logits in together] == [24, 9]
    for wave, logits in zip(waves, together, strict=True):
        assert np.abs(engine.logits([wave])[0] - logits).max() < 1e-3


@pytest.mark.parametrize(("is_fast", "precisions"), [(True, ["bfloat16", "float32"]), (False, ["float32"])])
def test_bfloat16_is_tried_first_where_it_is_fast(
    monkeypatch: pytest.MonkeyPatch, is_fast: bool, precisions: list[str]
) -> None:
    def has_fast_bfloat16(device: torch.device) -> bool:
        return is_fast

    monkeypatch.setattr("pipelines.families.wav2vec2.torch_network.has_fast_bfloat16", has_fast_bfloat16)
    assert list_precisions(make_entry(), "cpu") == precisions
