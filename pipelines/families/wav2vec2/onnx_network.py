"""The network in ONNX Runtime: exported once from the checkpoint, cached by its content."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.checkpoint import convert_cached
from pipelines.engines.onnx_engine import create_session
from pipelines.errors import ModelUnavailable

from .checkpoint import RATE_HZ, Checkpoint, read_network

_FILE = "wav2vec2.onnx"
#: Name of the cached graph; its last number increases when the export changes.
_CACHE_NAME = "wav2vec2-onnx17-1"
_OPSET = 17


class OnnxNetworkEngine:
    """See `NetworkEngine`. float32; one window at a time, because padding would affect the group norm."""

    batch_size = 1

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        folder = convert_cached(checkpoint.folder, _CACHE_NAME, partial(_export, checkpoint))
        self._session = create_session(checkpoint.entry, folder / _FILE, device)
        self.engine = "onnx/float32"

    def close(self) -> None:
        """See `NetworkEngine`."""

    def logits(self, waves: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """See `NetworkEngine`."""
        return [self._session.run(None, {"samples": wave[None]})[0][0] for wave in waves]


def _export(checkpoint: Checkpoint, folder: Path) -> None:
    try:
        import onnx  # noqa: F401 – torch's exporter needs it and reports that late
        import torch
    except ImportError as error:
        raise ModelUnavailable(
            f"{checkpoint.entry.name}: turning weights into ONNX needs {error.name}: pip install 'voicemill[torch]'."
        ) from error
    from .network import AcousticModel

    model = read_network(checkpoint, "cpu")
    # Fused attention reads shapes in Python, which would become constants of the graph.
    model.set_attn_implementation("eager")
    # A second of audio; the number of samples is variable in the graph.
    example = torch.zeros(1, RATE_HZ)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            AcousticModel(model),
            (example,),
            str(folder / _FILE),
            dynamo=False,
            opset_version=_OPSET,
            input_names=["samples"],
            output_names=["logits"],
            dynamic_axes={"samples": {1: "samples"}, "logits": {1: "frames"}},
        )
