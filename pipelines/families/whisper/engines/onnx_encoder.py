"""Whisper's encoder in ONNX Runtime: the graph that a checkpoint brings along, or one made from its weights, once."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import converted
from pipelines.engines.onnx_engine import onnx_session
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.families.whisper.checkpoint import Checkpoint
from pipelines.family import Tick

from .torch_module import filled_module

#: Where Hugging Face's exporter puts the graph, and how it names its ends.
_GRAPHS = ("onnx/encoder_model.onnx", "encoder_model.onnx")
_INPUT, _OUTPUT = "input_features", "last_hidden_state"
_MADE, _OPSET = "encoder.onnx", 18


class OnnxEncoder:
    """An `Encoder`; window by window, all threads on each."""

    def __init__(self, entry: Entry, checkpoint: Checkpoint, device: str) -> None:
        """Raises `ModelUnavailable` when there is no graph and none can be made, or it cannot be loaded."""
        self._entry = entry
        self._session = onnx_session(entry, _graph(entry, checkpoint), device)
        self.name = "onnx/float32"

    def encode(self, mels: NDArray[np.float32], tick: Tick) -> NDArray[np.float32]:
        """See `Encoder`."""
        from onnxruntime.capi import onnxruntime_pybind11_state as refusals

        states = []
        try:
            for mel in mels:
                tick()
                states.append(self._session.run([_OUTPUT], {_INPUT: mel[None]})[0])
        except (refusals.Fail, refusals.InvalidArgument, refusals.RuntimeException, RuntimeError) as error:
            raise EngineFailure(f"{self._entry.name} failed on a window: {error}") from error
        return np.concatenate(states)

    def close(self) -> None:
        """Nothing of it lives on."""


def _graph(entry: Entry, checkpoint: Checkpoint) -> Path:
    for name in _GRAPHS:
        if (checkpoint.folder / name).is_file():
            return checkpoint.folder / name
    if checkpoint.published is None:
        raise ModelUnavailable(
            f"{entry.name}: {checkpoint.folder} has no {_GRAPHS[0]} and no weights to make one from; name a checkpoint "
            "as Hugging Face publishes it as `source`."
        )

    def export(folder: Path) -> None:
        _export(entry, checkpoint, folder / _MADE)

    return converted(checkpoint.folder, "onnx-encoder", export) / _MADE


def _export(entry: Entry, checkpoint: Checkpoint, path: Path) -> None:
    module = filled_module(entry, checkpoint)
    import torch

    class Encoder(torch.nn.Module):
        """The encoder with a tensor as its answer."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = module.model.encoder

        def forward(self, features: torch.Tensor) -> Any:
            return self.encoder(features).last_hidden_state

    example = torch.zeros(1, module.config.num_mel_bins, 2 * module.config.max_source_positions)
    with warnings.catch_warnings():
        # What is fixed while tracing (30 s, one window) is meant to be.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Encoder().eval(),
            (example,),
            str(path),
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            opset_version=_OPSET,
            dynamo=False,
        )
