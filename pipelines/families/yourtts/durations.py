"""How long each character lasts: a flow from noise, told by text, speaker and language (arXiv 2106.06103, appendix).

Coqui fixes its width, its number of flows and of bins; and it leaves out the first spline flow when it speaks.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from . import spline
from .text_encoder import ChannelNorm

_WIDTH, _KERNEL, _LAYERS, _BINS = 192, 3, 3, 10
#: Numbers of the flows in the file; 0 only shifts and scales, 1 is not run backwards.
_SPLINES = (4, 3, 2)


class DurationPredictor(nn.Module):
    """Parameters carry Coqui's names, those that only training needs left out."""

    def __init__(self, text: int, speaker: int, language: int) -> None:
        super().__init__()
        self.pre = nn.Conv1d(text, _WIDTH, 1)
        self.convs = _Separable()
        self.proj = nn.Conv1d(_WIDTH, _WIDTH, 1)
        self.cond = nn.Conv1d(speaker, _WIDTH, 1)
        self.cond_lang = nn.Conv1d(language, _WIDTH, 1)
        self.flows = nn.ModuleDict({"0": _Affine(), **{str(number): _SplineFlow() for number in _SPLINES}})

    def forward(
        self,
        hidden: torch.Tensor,
        speaker: torch.Tensor,
        language: torch.Tensor,
        noise: torch.Tensor,
        real: torch.Tensor,
    ) -> torch.Tensor:
        """Logarithms of durations in frames (batch, n), of text (batch, text, n) and noise (batch, 2, n)."""
        told = self.pre(hidden) + self.cond(speaker[..., None]) + self.cond_lang(language[..., None])
        told = self.proj(self.convs(told, real)) * real
        for number in _SPLINES:
            noise = self.flows[str(number)](noise.flip(1), told, real)
        return self.flows["0"](noise.flip(1), real)[:, 0]


class _Affine(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.translation, self.log_scale = nn.Parameter(torch.zeros(2, 1)), nn.Parameter(torch.zeros(2, 1))

    def forward(self, pair: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        return (pair - self.translation) * torch.exp(-self.log_scale) * real


class _SplineFlow(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pre = nn.Conv1d(1, _WIDTH, 1)
        self.convs = _Separable()
        self.proj = nn.Conv1d(_WIDTH, 3 * _BINS - 1, 1)

    def forward(self, pair: torch.Tensor, told: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        still, moved = pair.chunk(2, dim=1)
        shape = (self.proj(self.convs(self.pre(still) + told, real)) * real).transpose(1, 2)
        widths, heights, slopes = shape.split([_BINS, _BINS, _BINS - 1], dim=-1)
        scale = math.sqrt(_WIDTH)
        moved = spline.inverse(moved[:, 0], widths / scale, heights / scale, slopes)
        return torch.cat([still, moved[:, None]], dim=1) * real


class _Separable(nn.Module):
    """Dilated convolutions, each channel for itself and then all together at each place."""

    def __init__(self) -> None:
        super().__init__()
        layers = [_KERNEL**number for number in range(_LAYERS)]
        self.convs_sep = nn.ModuleList(
            nn.Conv1d(_WIDTH, _WIDTH, _KERNEL, groups=_WIDTH, dilation=dilation, padding="same") for dilation in layers
        )
        self.convs_1x1 = nn.ModuleList(nn.Conv1d(_WIDTH, _WIDTH, 1) for _ in layers)
        self.norms_1 = nn.ModuleList(ChannelNorm(_WIDTH) for _ in layers)
        self.norms_2 = nn.ModuleList(ChannelNorm(_WIDTH) for _ in layers)

    def forward(self, hidden: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        for apart, together, norm_1, norm_2 in zip(
            self.convs_sep, self.convs_1x1, self.norms_1, self.norms_2, strict=True
        ):
            change = functional.gelu(norm_1(apart(hidden * real)))
            hidden = hidden + functional.gelu(norm_2(together(change)))
        return hidden * real
