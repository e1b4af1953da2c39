"""X-vectors (Snyder et al., "X-vectors: robust DNN embeddings for speaker recognition", ICASSP 2018).

Five convolutions over time, mean and deviation over all frames, a projection. Parameters have SpeechBrain's names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from .layers import Convolution, Norm
from .layout import EncoderLayout, EncoderNetwork

#: Added to a deviation; and the average of the noise that the original adds to a mean (1 to 9 times as much).
_EPSILON = 1e-5
_NOISE = 5 * _EPSILON


@dataclass(frozen=True, slots=True)
class XVectorDimensions:
    """Sizes; the defaults are those of spkrec-xvect-voxceleb. Lists go from the first convolution to the last."""

    bands: int = 24
    channels: Sequence[int] = (512, 512, 512, 512, 1500)
    kernels: Sequence[int] = (5, 3, 3, 1, 1)
    dilations: Sequence[int] = (1, 2, 3, 1, 1)
    embedding: int = 512

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, torch.Tensor], dilations: Sequence[int] | None = None
    ) -> XVectorDimensions:
        """The sizes of a checkpoint. Dilations cannot be read from tensors; `dilations` where not the published ones.

        Raises KeyError for a missing tensor.
        """
        count = sum(name.endswith(".conv.weight") for name in tensors)
        weights = [tensors[f"blocks.{3 * number}.conv.weight"] for number in range(count)]
        return cls(
            bands=weights[0].shape[1],
            channels=[weight.shape[0] for weight in weights],
            kernels=[weight.shape[2] for weight in weights],
            dilations=dilations or cls().dilations,
            embedding=tensors[f"blocks.{3 * count + 1}.w.weight"].shape[0],
        )


class XVector(EncoderNetwork):
    """See `EncoderNetwork`."""

    def __init__(self, dimensions: XVectorDimensions) -> None:
        """Raises ValueError where the number of dilations is not that of the convolutions."""
        super().__init__()
        self.bands, self.embedding_size = dimensions.bands, dimensions.embedding
        self.blocks = nn.ModuleList()
        width = dimensions.bands
        sizes = zip(dimensions.channels, dimensions.kernels, dimensions.dilations, strict=True)
        for channels, kernel, dilation in sizes:
            self.blocks.extend([Convolution(width, channels, kernel, dilation), nn.LeakyReLU(), Norm(channels)])
            width = channels
        self.blocks.extend([_StatisticsPooling(), _Projection(2 * width, dimensions.embedding)])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(batch, frames, bands) → (batch, embedding)."""
        hidden = features.transpose(1, 2)
        for block in self.blocks:
            hidden = block(hidden)
        return hidden


class _StatisticsPooling(nn.Module):
    """Mean and deviation over time. The original adds new noise to each mean; here its average is added."""

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return torch.cat([frames.mean(dim=2) + _NOISE, frames.std(dim=2) + _EPSILON], dim=1)


class _Projection(nn.Module):
    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.w = nn.Linear(into, out)

    def forward(self, statistics: torch.Tensor) -> torch.Tensor:
        return self.w(statistics)


def _build(tensors: Mapping[str, torch.Tensor], dilations: Sequence[int] | None) -> XVector:
    return XVector(XVectorDimensions.from_tensors(tensors, dilations))


LAYOUT = EncoderLayout("x-vector network", "blocks.0.conv.weight", _build)
