"""ECAPA-TDNN (Desplanques et al., arXiv 2005.07143): residual blocks of several scales, attentive statistics.

Parameters carry SpeechBrain's names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from .layers import Convolution, Norm

_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True)
class EcapaShape:
    """Sizes; those of spkrec-ecapa-voxceleb are the defaults.

    The lists have the first convolution, the residual blocks, and last the one that draws these together.
    """

    bands: int = 80
    channels: Sequence[int] = (1024, 1024, 1024, 1024, 3072)
    kernels: Sequence[int] = (5, 3, 3, 3, 1)
    dilations: Sequence[int] = (1, 2, 3, 4, 1)
    attention: int = 128
    #: Groups of channels in a residual block: each hears the one before it.
    scale: int = 8
    squeeze: int = 128
    vector: int = 192

    @classmethod
    def of(cls, tensors: Mapping[str, torch.Tensor], dilations: Sequence[int] | None = None) -> EcapaShape:
        """The sizes of a checkpoint; `dilations` where they are not the published ones: no tensor tells them.

        Raises KeyError for a tensor that is not there.
        """
        blocks = 1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("blocks."))
        scale = 1 + sum(name.startswith("blocks.1.res2net_block.") and name.endswith("conv.bias") for name in tensors)
        first, last = tensors["blocks.0.conv.conv.weight"], tensors["mfa.conv.conv.weight"]
        residual = range(1, blocks)
        inner = [tensors[f"blocks.{number}.res2net_block.blocks.0.conv.conv.weight"] for number in residual]
        widths = [tensors[f"blocks.{number}.tdnn2.conv.conv.weight"].shape[0] for number in residual]
        return cls(
            bands=first.shape[1],
            channels=[first.shape[0], *widths, last.shape[0]],
            kernels=[first.shape[2], *(weight.shape[2] for weight in inner), last.shape[2]],
            dilations=dilations or cls().dilations,
            attention=tensors["asp.conv.conv.weight"].shape[1],
            scale=scale,
            squeeze=tensors["blocks.1.se_block.conv1.conv.weight"].shape[0],
            vector=tensors["fc.conv.weight"].shape[0],
        )


class Ecapa(nn.Module):
    """Features in, vectors out."""

    def __init__(self, shape: EcapaShape) -> None:
        """Raises ValueError for as many dilations as there are no blocks."""
        super().__init__()
        sizes = list(zip(shape.channels, shape.kernels, shape.dilations, strict=True))
        self.blocks = nn.ModuleList([_Tdnn(shape.bands, *sizes[0])])
        for (into, _, _), size in pairwise(sizes[:-1]):
            self.blocks.append(_Residual(into, *size, scale=shape.scale, squeeze=shape.squeeze))
        wide = shape.channels[-1]
        self.mfa = _Tdnn(sum(shape.channels[1:-1]), *sizes[-1])
        self.asp = _AttentiveStatistics(wide, shape.attention)
        self.asp_bn = Norm(2 * wide)
        self.fc = Convolution(2 * wide, shape.vector)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(batch, frames, bands) → (batch, vector)."""
        hidden = self.blocks[0](features.transpose(1, 2))
        heard = []
        for block in list(self.blocks)[1:]:
            hidden = block(hidden)
            heard.append(hidden)
        pooled = self.asp(self.mfa(torch.cat(heard, dim=1)))
        return self.fc(self.asp_bn(pooled[..., None]))[..., 0]


class _Tdnn(nn.Module):
    def __init__(self, into: int, out: int, kernel: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv = Convolution(into, out, kernel, dilation)
        self.norm = Norm(out)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.norm(functional.relu(self.conv(frames)))


class _Residual(nn.Module):
    """A block of several scales between two narrow convolutions, its channels weighed, and what came in added."""

    def __init__(self, into: int, out: int, kernel: int, dilation: int, *, scale: int, squeeze: int) -> None:
        super().__init__()
        self.tdnn1 = _Tdnn(into, out)
        self.res2net_block = _Scales(out, kernel, dilation, scale)
        self.tdnn2 = _Tdnn(out, out)
        self.se_block = _Excitation(out, squeeze)
        self.shortcut = Convolution(into, out) if into != out else None

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        change = self.se_block(self.tdnn2(self.res2net_block(self.tdnn1(frames))))
        return change + (frames if self.shortcut is None else self.shortcut(frames))


class _Scales(nn.Module):
    """Res2Net (arXiv 1904.01169): the first group of channels as it is, each other one after the one before."""

    def __init__(self, width: int, kernel: int, dilation: int, scale: int) -> None:
        super().__init__()
        group = width // scale
        self.blocks = nn.ModuleList(_Tdnn(group, group, kernel, dilation) for _ in range(scale - 1))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        first, *groups = frames.chunk(len(self.blocks) + 1, dim=1)
        heard = [first]
        for number, (block, group) in enumerate(zip(self.blocks, groups, strict=True)):
            heard.append(block(group if number == 0 else group + heard[-1]))
        return torch.cat(heard, dim=1)


class _Excitation(nn.Module):
    """Squeeze and excitation (arXiv 1709.01507) over time."""

    def __init__(self, width: int, squeeze: int) -> None:
        super().__init__()
        self.conv1 = Convolution(width, squeeze)
        self.conv2 = Convolution(squeeze, width)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        weights = self.conv2(functional.relu(self.conv1(frames.mean(dim=2, keepdim=True))))
        return torch.sigmoid(weights) * frames


class _AttentiveStatistics(nn.Module):
    """Mean and deviation of each channel over frames that count as much as attention says, knowing the whole."""

    def __init__(self, width: int, attention: int) -> None:
        super().__init__()
        self.tdnn = _Tdnn(3 * width, attention)
        self.conv = Convolution(attention, width)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """(batch, width, frames) → (batch, 2 · width)."""
        even = torch.full_like(frames[:, :1], 1 / frames.shape[2])
        whole = [statistic[..., None].expand_as(frames) for statistic in _statistics(frames, even)]
        attended = self.conv(torch.tanh(self.tdnn(torch.cat([frames, *whole], dim=1))))
        return torch.cat(_statistics(frames, attended.softmax(dim=2)), dim=1)


def _statistics(frames: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    mean = (weights * frames).sum(dim=2)
    variance = (weights * (frames - mean[..., None]).square()).sum(dim=2)
    return mean, variance.clamp(min=_LEAST_VARIANCE).sqrt()
