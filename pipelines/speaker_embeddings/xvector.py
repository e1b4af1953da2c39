"""X-vectors (Snyder et al., "X-vectors: robust DNN embeddings for speaker recognition", ICASSP 2018).

Five convolutions over time, mean and deviation over all frames, a projection. Parameters carry SpeechBrain's names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from .layers import Convolution, Norm

#: Added to a deviation, and the mean of the noise that the original adds to a mean, between 1 and 9 times as much.
_LEAST = 1e-5
_NOISE = 5 * _LEAST


@dataclass(frozen=True, slots=True)
class XVectorShape:
    """Sizes; those of spkrec-xvect-voxceleb are the defaults. Lists go from the first convolution to the last."""

    bands: int = 24
    channels: Sequence[int] = (512, 512, 512, 512, 1500)
    kernels: Sequence[int] = (5, 3, 3, 1, 1)
    dilations: Sequence[int] = (1, 2, 3, 1, 1)
    vector: int = 512

    @classmethod
    def of(cls, tensors: Mapping[str, torch.Tensor], dilations: Sequence[int] | None = None) -> XVectorShape:
        """The sizes of a checkpoint; `dilations` where they are not the published ones: no tensor tells them.

        Raises KeyError for a tensor that is not there.
        """
        count = sum(name.endswith(".conv.weight") for name in tensors)
        weights = [tensors[f"blocks.{3 * number}.conv.weight"] for number in range(count)]
        return cls(
            bands=weights[0].shape[1],
            channels=[weight.shape[0] for weight in weights],
            kernels=[weight.shape[2] for weight in weights],
            dilations=dilations or cls().dilations,
            vector=tensors[f"blocks.{3 * count + 1}.w.weight"].shape[0],
        )


class XVector(nn.Module):
    """Features in, vectors out."""

    def __init__(self, shape: XVectorShape) -> None:
        """Raises ValueError for as many dilations as there are no convolutions."""
        super().__init__()
        self.blocks = nn.ModuleList()
        width = shape.bands
        for channels, kernel, dilation in zip(shape.channels, shape.kernels, shape.dilations, strict=True):
            self.blocks.extend([Convolution(width, channels, kernel, dilation), nn.LeakyReLU(), Norm(channels)])
            width = channels
        self.blocks.extend([_Statistics(), _Projection(2 * width, shape.vector)])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(batch, frames, bands) → (batch, vector)."""
        hidden = features.transpose(1, 2)
        for block in self.blocks:
            hidden = block(hidden)
        return hidden


class _Statistics(nn.Module):
    """The original draws its noise anew for every sentence; here is what it draws on the average."""

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return torch.cat([frames.mean(dim=2) + _NOISE, frames.std(dim=2) + _LEAST], dim=1)


class _Projection(nn.Module):
    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.w = nn.Linear(into, out)

    def forward(self, statistics: torch.Tensor) -> torch.Tensor:
        return self.w(statistics)
