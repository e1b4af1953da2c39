"""A speaker encoder with random weights in WeSpeaker's ONNX form."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any


def write_wespeaker(folder: Path, *, bands: int = 80, seed: int = 0) -> Path:
    """Write `voxceleb.onnx` to `folder`: statistics pooling and a projection, the last layers of such an encoder."""
    import torch

    torch.manual_seed(seed)
    network = build_encoder(bands)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is deprecated
        torch.onnx.export(
            network,
            (torch.zeros(1, 50, bands),),
            str(folder / "voxceleb.onnx"),
            input_names=["feats"],
            output_names=["embs"],
            dynamic_axes={"feats": {0: "batch", 1: "frames"}},
            dynamo=False,
        )
    return folder


def build_encoder(bands: int) -> Any:
    """The network that `write_wespeaker` exports; its weights come from torch's global generator."""
    import torch

    class PooledEncoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.project = torch.nn.Linear(2 * bands, 16)

        def forward(self, feats: torch.Tensor) -> torch.Tensor:
            embedding: torch.Tensor = self.project(torch.cat([feats.mean(dim=1), feats.std(dim=1)], dim=1))
            return embedding

    return PooledEncoder().eval()
