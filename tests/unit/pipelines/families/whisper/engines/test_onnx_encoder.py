from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.checkpoint import read_checkpoint
from pipelines.families.whisper.engines import onnx_encoder
from pipelines.families.whisper.engines.onnx_encoder import OnnxEncoder
from pipelines.families.whisper.engines.torch_module import load_module


def test_exported_graph_computes_the_states_of_the_module_and_is_cached(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = read_checkpoint(entry)
    encoder = OnnxEncoder(entry, checkpoint, "cpu")
    mels = np.random.default_rng(1).normal(size=(2, 80, 3_000)).astype(np.float32)
    ticks = []
    states = encoder.encode(mels, lambda: ticks.append(1))
    with torch.inference_mode():
        wanted = load_module(entry, checkpoint).model.encoder(torch.from_numpy(mels)).last_hidden_state
    assert np.abs(states - wanted.numpy()).max() < 1e-3 and len(ticks) == 2
    monkeypatch.setattr(onnx_encoder, "_export", None)
    OnnxEncoder(entry, checkpoint, "cpu")


def test_a_folder_without_a_graph_and_without_published_weights_is_refused(entry: Entry) -> None:
    checkpoint = replace(read_checkpoint(entry), published=None)
    with pytest.raises(ModelUnavailable, match="no weights to export one"):
        OnnxEncoder(entry, checkpoint, "cpu")
