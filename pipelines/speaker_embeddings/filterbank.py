"""Features of SpeechBrain's speaker encoders: log mel energies in decibels, with each band's mean subtracted.

Triangles in hertz over a power spectrum, on the mel scale of O'Shaughnessy (2595 · log10(1 + f / 700)); values more
than 80 dB below the maximum are raised to there. Sounds that differ only in loudness have equal features.
"""

from __future__ import annotations

import math

import torch
from torch import nn

RATE_HZ = 16_000
_WINDOW, _HOP = 400, 160
_MIN_POWER, _RANGE_DB = 1e-10, 80.0


class Filterbank(nn.Module):
    """Has no parameters: window and triangles are not part of a checkpoint."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.register_buffer("_window", torch.hamming_window(_WINDOW), persistent=False)
        self.register_buffer("_triangles", _build_triangles(bands), persistent=False)

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        """(batch, samples) in −1…1 at 16 kHz → (batch, frames, bands), a frame for every 10 ms."""
        spectrum = torch.stft(
            waves, _WINDOW, _HOP, window=self.get_buffer("_window"), pad_mode="constant", return_complex=True
        )
        power = torch.view_as_real(spectrum).square().sum(dim=-1).transpose(1, 2)
        decibels = 10 * torch.log10((power @ self.get_buffer("_triangles")).clamp(min=_MIN_POWER))
        floor = decibels.amax(dim=(1, 2), keepdim=True) - _RANGE_DB
        decibels = torch.maximum(decibels, floor)
        return decibels - decibels.mean(dim=1, keepdim=True)


def _build_triangles(bands: int) -> torch.Tensor:
    """Weights (bins, bands). A triangle is as wide to the right as to the left, in hertz.

    The published encoders were trained so. The usual triangles have wider right halves, so that this is another bank
    than that of `pipelines.audio.mel_filters`.
    """
    mels = torch.linspace(0, 2595 * math.log10(1 + RATE_HZ / 2 / 700), bands + 2)
    hertz = 700 * (10 ** (mels / 2595) - 1)
    centres, widths = hertz[1:-1], (hertz[1:] - hertz[:-1])[:-1]
    bins = torch.linspace(0, RATE_HZ // 2, _WINDOW // 2 + 1)[:, None]
    return (1 - ((bins - centres) / widths).abs()).clamp(min=0)
