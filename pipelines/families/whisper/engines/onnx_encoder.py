"""Whisper's encoder in ONNX Runtime: the checkpoint's own graph, or one exported from its weights and cached."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.checkpoint import convert_cached
from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.onnx_engine import create_session
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.families.whisper.checkpoint import WhisperCheckpoint
from pipelines.family import Tick

from .torch_module import load_module

#: File names of graphs by Hugging Face's exporter, and its names of input and output.
_GRAPHS = ("onnx/encoder_model.onnx", "encoder_model.onnx")
_INPUT, _OUTPUT = "input_features", "last_hidden_state"
_EXPORTED, _OPSET = "encoder.onnx", 18


class OnnxEncoder:
    """See `EncoderEngine`. Windows are encoded one by one, with all threads."""

    def __init__(self, entry: RecognitionEntry, checkpoint: WhisperCheckpoint, device: str) -> None:
        """Raises `ModelUnavailable` when there is no graph and none can be exported, or it cannot be loaded."""
        self._entry = entry
        self._session = create_session(entry, _find_graph(entry, checkpoint), device)
        self.name = "onnx/float32"

    def encode(self, mels: NDArray[np.float32], tick: Tick) -> NDArray[np.float32]:
        """See `EncoderEngine`."""
        from onnxruntime.capi import onnxruntime_pybind11_state as errors

        states = []
        try:
            for mel in mels:
                tick()
                states.append(self._session.run([_OUTPUT], {_INPUT: mel[None]})[0])
        except (errors.Fail, errors.InvalidArgument, errors.RuntimeException, RuntimeError) as error:
            raise EngineFailure(f"{self._entry.name} failed on a window: {error}") from error
        return np.concatenate(states)

    def close(self) -> None:
        """See `EncoderEngine`."""


def _find_graph(entry: RecognitionEntry, checkpoint: WhisperCheckpoint) -> Path:
    for name in _GRAPHS:
        if (checkpoint.folder / name).is_file():
            return checkpoint.folder / name
    if checkpoint.published is None:
        raise ModelUnavailable(
            f"{entry.name}: {checkpoint.folder} has no {_GRAPHS[0]} and no weights to export one; name a checkpoint "
            "as Hugging Face publishes it as `source`."
        )

    def export(folder: Path) -> None:
        _export(entry, checkpoint, folder / _EXPORTED)

    return convert_cached(checkpoint.folder, "onnx-encoder", export) / _EXPORTED


def _export(entry: RecognitionEntry, checkpoint: WhisperCheckpoint, path: Path) -> None:
    module = load_module(entry, checkpoint)
    import torch

    class EncoderGraph(torch.nn.Module):
        """The encoder with a tensor as its output."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = module.model.encoder

        def forward(self, features: torch.Tensor) -> Any:
            return self.encoder(features).last_hidden_state

    example = torch.zeros(1, module.config.num_mel_bins, 2 * module.config.max_source_positions)
    with warnings.catch_warnings():
        # Tracing warns of sizes that become constants (30 s, one window), which is intended.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            EncoderGraph().eval(),
            (example,),
            str(path),
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            opset_version=_OPSET,
            dynamo=False,
        )
