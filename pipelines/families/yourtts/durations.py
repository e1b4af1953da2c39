"""Stochastic duration predictor: a flow from noise, conditioned on text, speaker and language (arXiv 2106.06103).

Coqui fixes its width, its number of flows and of bins, and omits the first spline flow in inference.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from .spline import invert_spline
from .text_encoder import ChannelNorm

_WIDTH, _KERNEL, _LAYERS, _BINS = 192, 3, 3, 10
#: Numbers of the spline flows in the file; 0 only shifts and scales, 1 is not used in inference.
_SPLINES = (4, 3, 2)


class DurationPredictor(nn.Module):
    """Parameters have Coqui's names, without those that only training needs."""

    def __init__(self, text: int, speaker: int, language: int) -> None:
        super().__init__()
        self.pre = nn.Conv1d(text, _WIDTH, 1)
        self.convs = _SeparableConvolutions()
        self.proj = nn.Conv1d(_WIDTH, _WIDTH, 1)
        self.cond = nn.Conv1d(speaker, _WIDTH, 1)
        self.cond_lang = nn.Conv1d(language, _WIDTH, 1)
        self.flows = nn.ModuleDict({"0": _AffineFlow(), **{str(number): _SplineFlow() for number in _SPLINES}})

    def forward(
        self,
        hidden: torch.Tensor,
        speaker: torch.Tensor,
        language: torch.Tensor,
        noise: torch.Tensor,
        present: torch.Tensor,
    ) -> torch.Tensor:
        """Logarithms of durations in frames (batch, n), of text (batch, text, n) and noise (batch, 2, n)."""
        condition = self.pre(hidden) + self.cond(speaker[..., None]) + self.cond_lang(language[..., None])
        condition = self.proj(self.convs(condition, present)) * present
        for number in _SPLINES:
            noise = self.flows[str(number)](noise.flip(1), condition, present)
        return self.flows["0"](noise.flip(1), present)[:, 0]


class _AffineFlow(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.translation, self.log_scale = nn.Parameter(torch.zeros(2, 1)), nn.Parameter(torch.zeros(2, 1))

    def forward(self, pair: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        return (pair - self.translation) * torch.exp(-self.log_scale) * present


class _SplineFlow(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pre = nn.Conv1d(1, _WIDTH, 1)
        self.convs = _SeparableConvolutions()
        self.proj = nn.Conv1d(_WIDTH, 3 * _BINS - 1, 1)

    def forward(self, pair: torch.Tensor, condition: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        fixed, changed = pair.chunk(2, dim=1)
        parameters = (self.proj(self.convs(self.pre(fixed) + condition, present)) * present).transpose(1, 2)
        widths, heights, slopes = parameters.split([_BINS, _BINS, _BINS - 1], dim=-1)
        scale = math.sqrt(_WIDTH)
        changed = invert_spline(changed[:, 0], widths / scale, heights / scale, slopes)
        return torch.cat([fixed, changed[:, None]], dim=1) * present


class _SeparableConvolutions(nn.Module):
    """Dilated depth-wise separable convolutions with residual connections."""

    def __init__(self) -> None:
        super().__init__()
        dilations = [_KERNEL**number for number in range(_LAYERS)]
        self.convs_sep = nn.ModuleList(
            nn.Conv1d(_WIDTH, _WIDTH, _KERNEL, groups=_WIDTH, dilation=dilation, padding="same")
            for dilation in dilations
        )
        self.convs_1x1 = nn.ModuleList(nn.Conv1d(_WIDTH, _WIDTH, 1) for _ in dilations)
        self.norms_1 = nn.ModuleList(ChannelNorm(_WIDTH) for _ in dilations)
        self.norms_2 = nn.ModuleList(ChannelNorm(_WIDTH) for _ in dilations)

    def forward(self, hidden: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        for depthwise, pointwise, norm_1, norm_2 in zip(
            self.convs_sep, self.convs_1x1, self.norms_1, self.norms_2, strict=True
        ):
            residual = functional.gelu(norm_1(depthwise(hidden * present)))
            hidden = hidden + functional.gelu(norm_2(pointwise(residual)))
        return hidden * present
