"""ECAPA-TDNN (Desplanques et al., arXiv 2005.07143): multi-scale residual blocks, attentive statistics pooling.

Parameters have SpeechBrain's names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from .layers import Convolution, Norm
from .layout import EncoderLayout, EncoderNetwork

_MIN_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True)
class EcapaDimensions:
    """Sizes; the defaults are those of spkrec-ecapa-voxceleb.

    The lists are in the order: first convolution, residual blocks, the convolution over all blocks' outputs.
    """

    bands: int = 80
    channels: Sequence[int] = (1024, 1024, 1024, 1024, 3072)
    kernels: Sequence[int] = (5, 3, 3, 3, 1)
    dilations: Sequence[int] = (1, 2, 3, 4, 1)
    attention: int = 128
    #: Groups of channels in a residual block; each gets the output of the group before it.
    scale: int = 8
    squeeze: int = 128
    embedding: int = 192

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, torch.Tensor], dilations: Sequence[int] | None = None
    ) -> EcapaDimensions:
        """The sizes of a checkpoint. Dilations cannot be read from tensors; `dilations` where not the published ones.

        Raises KeyError for a missing tensor.
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
            embedding=tensors["fc.conv.weight"].shape[0],
        )


class Ecapa(EncoderNetwork):
    """See `EncoderNetwork`."""

    def __init__(self, dimensions: EcapaDimensions) -> None:
        """Raises ValueError where the number of dilations is not that of the blocks."""
        super().__init__()
        self.bands, self.embedding_size = dimensions.bands, dimensions.embedding
        sizes = list(zip(dimensions.channels, dimensions.kernels, dimensions.dilations, strict=True))
        self.blocks = nn.ModuleList([_Tdnn(dimensions.bands, *sizes[0])])
        for (into, _, _), size in pairwise(sizes[:-1]):
            self.blocks.append(_ResidualBlock(into, *size, scale=dimensions.scale, squeeze=dimensions.squeeze))
        width = dimensions.channels[-1]
        self.mfa = _Tdnn(sum(dimensions.channels[1:-1]), *sizes[-1])
        self.asp = _AttentiveStatistics(width, dimensions.attention)
        self.asp_bn = Norm(2 * width)
        self.fc = Convolution(2 * width, dimensions.embedding)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(batch, frames, bands) → (batch, embedding)."""
        hidden = self.blocks[0](features.transpose(1, 2))
        outputs = []
        for block in list(self.blocks)[1:]:
            hidden = block(hidden)
            outputs.append(hidden)
        pooled = self.asp(self.mfa(torch.cat(outputs, dim=1)))
        return self.fc(self.asp_bn(pooled[..., None]))[..., 0]


class _Tdnn(nn.Module):
    def __init__(self, into: int, out: int, kernel: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv = Convolution(into, out, kernel, dilation)
        self.norm = Norm(out)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.norm(functional.relu(self.conv(frames)))


class _ResidualBlock(nn.Module):
    """A multi-scale block between two convolutions of size 1, channel attention, and a residual connection."""

    def __init__(self, into: int, out: int, kernel: int, dilation: int, *, scale: int, squeeze: int) -> None:
        super().__init__()
        self.tdnn1 = _Tdnn(into, out)
        self.res2net_block = _Res2Net(out, kernel, dilation, scale)
        self.tdnn2 = _Tdnn(out, out)
        self.se_block = _SqueezeExcitation(out, squeeze)
        self.shortcut = Convolution(into, out) if into != out else None

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        residual = self.se_block(self.tdnn2(self.res2net_block(self.tdnn1(frames))))
        return residual + (frames if self.shortcut is None else self.shortcut(frames))


class _Res2Net(nn.Module):
    """Res2Net (arXiv 1904.01169): the first group of channels unchanged, each other one after the one before."""

    def __init__(self, width: int, kernel: int, dilation: int, scale: int) -> None:
        super().__init__()
        group = width // scale
        self.blocks = nn.ModuleList(_Tdnn(group, group, kernel, dilation) for _ in range(scale - 1))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        first, *groups = frames.chunk(len(self.blocks) + 1, dim=1)
        outputs = [first]
        for number, (block, group) in enumerate(zip(self.blocks, groups, strict=True)):
            outputs.append(block(group if number == 0 else group + outputs[-1]))
        return torch.cat(outputs, dim=1)


class _SqueezeExcitation(nn.Module):
    """Squeeze-and-excitation (arXiv 1709.01507) over time."""

    def __init__(self, width: int, squeeze: int) -> None:
        super().__init__()
        self.conv1 = Convolution(width, squeeze)
        self.conv2 = Convolution(squeeze, width)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        weights = self.conv2(functional.relu(self.conv1(frames.mean(dim=2, keepdim=True))))
        return torch.sigmoid(weights) * frames


class _AttentiveStatistics(nn.Module):
    """Attention-weighted mean and standard deviation of each channel; the attention sees the global statistics."""

    def __init__(self, width: int, attention: int) -> None:
        super().__init__()
        self.tdnn = _Tdnn(3 * width, attention)
        self.conv = Convolution(attention, width)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """(batch, width, frames) → (batch, 2 · width)."""
        uniform = torch.full_like(frames[:, :1], 1 / frames.shape[2])
        context = [statistic[..., None].expand_as(frames) for statistic in _compute_statistics(frames, uniform)]
        scores = self.conv(torch.tanh(self.tdnn(torch.cat([frames, *context], dim=1))))
        return torch.cat(_compute_statistics(frames, scores.softmax(dim=2)), dim=1)


def _compute_statistics(frames: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted mean and standard deviation over the frames."""
    mean = (weights * frames).sum(dim=2)
    variance = (weights * (frames - mean[..., None]).square()).sum(dim=2)
    return mean, variance.clamp(min=_MIN_VARIANCE).sqrt()


def _build(tensors: Mapping[str, torch.Tensor], dilations: Sequence[int] | None) -> Ecapa:
    return Ecapa(EcapaDimensions.from_tensors(tensors, dilations))


LAYOUT = EncoderLayout("ECAPA-TDNN", "mfa.conv.conv.weight", _build)
