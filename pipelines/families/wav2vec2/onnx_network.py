"""The network on ONNX Runtime: exported once from the checkpoint, cached by its content."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog import weights
from pipelines.engines.onnx_engine import onnx_session
from pipelines.errors import ModelUnavailable

from .checkpoint import RATE_HZ, Checkpoint, read_network

_FILE = "wav2vec2.onnx"
#: Changed with whatever changes the graph.
_FORM = "wav2vec2-onnx17-1"
_OPSET = 17


class OnnxNetwork:
    """Sounds in, logits out, float32; one window at a time, as padding would colour the group norm."""

    batch = 1

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        folder = weights.converted(checkpoint.folder, _FORM, partial(_export, checkpoint))
        self._session = onnx_session(checkpoint.entry, folder / _FILE, device)
        self.engine = "onnx/float32"

    def close(self) -> None:
        """Nothing of it lives on."""

    def logits(self, sounds: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """For each sound its logits, (frames, tokens). Raises RuntimeError where ONNX Runtime fails."""
        return [self._session.run(None, {"samples": sound[None]})[0][0] for sound in sounds]


def _export(checkpoint: Checkpoint, folder: Path) -> None:
    try:
        import onnx  # noqa: F401 – torch's exporter needs it and says so late
        import torch
    except ImportError as error:
        raise ModelUnavailable(
            f"{checkpoint.entry.name}: turning weights into ONNX needs {error.name}: pip install 'voicemill[torch]'."
        ) from error
    from .network import Acoustics

    model = read_network(checkpoint, "cpu")
    # Its fused attention asks in Python about shapes, which would be frozen into the graph.
    model.set_attn_implementation("eager")
    # A second of sound; the number of samples is free in the graph.
    example = torch.zeros(1, RATE_HZ)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Acoustics(model),
            (example,),
            str(folder / _FILE),
            dynamo=False,
            opset_version=_OPSET,
            input_names=["samples"],
            output_names=["logits"],
            dynamic_axes={"samples": {1: "samples"}, "logits": {1: "frames"}},
        )
