"""Log mel energies in decibels as SpeechBrain's speaker encoders hear them, each band's mean taken out.

Triangles in hertz over a power spectrum, on the mel scale of O'Shaughnessy (2595 · log10(1 + f / 700)), what lies more
than 80 dB below the loudest point raised to there. Sounds that differ in loudness alone have the same features.
"""

from __future__ import annotations

import math

import torch
from torch import nn

RATE_HZ = 16_000
_WINDOW, _HOP = 400, 160
_QUIETEST, _RANGE_DB = 1e-10, 80.0


class Filterbank(nn.Module):
    """Has no parameters: window and triangles are no part of a checkpoint."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.register_buffer("_window", torch.hamming_window(_WINDOW), persistent=False)
        self.register_buffer("_triangles", _triangles(bands), persistent=False)

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        """(batch, samples) in −1…1 at 16 kHz → (batch, frames, bands), a frame for every 10 ms."""
        spectrum = torch.stft(
            waves, _WINDOW, _HOP, window=self.get_buffer("_window"), pad_mode="constant", return_complex=True
        )
        power = torch.view_as_real(spectrum).square().sum(dim=-1).transpose(1, 2)
        decibels = 10 * torch.log10((power @ self.get_buffer("_triangles")).clamp(min=_QUIETEST))
        floor = decibels.amax(dim=(1, 2), keepdim=True) - _RANGE_DB
        decibels = torch.maximum(decibels, floor)
        return decibels - decibels.mean(dim=1, keepdim=True)


def _triangles(bands: int) -> torch.Tensor:
    """Weights (bins, bands). A triangle is as wide to the right as to the left, so that it overlaps the next too far.

    That is how the published encoders were trained; the usual bank has wider right halves.
    """
    mels = torch.linspace(0, 2595 * math.log10(1 + RATE_HZ / 2 / 700), bands + 2)
    hertz = 700 * (10 ** (mels / 2595) - 1)
    centres, widths = hertz[1:-1], (hertz[1:] - hertz[:-1])[:-1]
    bins = torch.linspace(0, RATE_HZ // 2, _WINDOW // 2 + 1)[:, None]
    return (1 - ((bins - centres) / widths).abs()).clamp(min=0)
