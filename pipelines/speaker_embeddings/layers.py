"""The two layers of SpeechBrain's encoders, with its parameter names."""

from __future__ import annotations

import torch
from torch import nn


class Convolution(nn.Module):
    """(batch, into, frames) → (batch, out, frames), padded by reflection."""

    def __init__(self, into: int, out: int, kernel: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(into, out, kernel, dilation=dilation, padding="same", padding_mode="reflect")

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.conv(frames)


class Norm(nn.Module):
    """Batch normalisation with the statistics of the training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.norm(frames)
