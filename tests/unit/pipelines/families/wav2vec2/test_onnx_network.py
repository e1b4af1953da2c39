from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.families.wav2vec2 import onnx_network
from pipelines.families.wav2vec2.checkpoint import read_checkpoint
from pipelines.families.wav2vec2.features import normalise
from pipelines.families.wav2vec2.onnx_network import OnnxNetworkEngine
from pipelines.families.wav2vec2.torch_network import TorchNetworkEngine
from tests.audio_factories import make_noise
from tests.wav2vec2_checkpoint import make_entry


def test_graph_is_exported_once_and_computes_what_pytorch_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    checkpoint = read_checkpoint(make_entry())
    engine = OnnxNetworkEngine(checkpoint, "cpu")
    assert (engine.engine, engine.batch_size) == ("onnx/float32", 1)
    waves = [normalise(make_noise(seconds), is_normalised=True) for seconds in (0.2, 0.31)]
    wanted = TorchNetworkEngine(checkpoint, "cpu", "float32")
    for wave, logits in zip(waves, engine.logits(waves), strict=True):
        assert np.abs(logits - wanted.logits([wave])[0]).max() < 1e-3
    monkeypatch.setattr(onnx_network, "_export", lambda checkpoint, folder: pytest.fail("exported again"))
    OnnxNetworkEngine(checkpoint, "cpu")
