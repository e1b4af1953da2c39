"""Griffin-Lim: phases found for a mel spectrogram by going to and fro between sound and spectrum. Needs no weights.

Griffin and Lim, "Signal estimation from modified short-time Fourier transform" (1984), with the acceleration of
Perraudin, Balazs and Søndergaard (2013). Reads any mel convention; sounds metallic, and is there where nothing else is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.catalog.vocoder_settings import Knobs

from .mel import MelConvention
from .noise import uniform
from .vocoder import Place

_MOMENTUM = 0.99
_TINY = 1e-12


class GriffinLim:
    """See `Vocoder`."""

    kind = "griffin-lim"
    engine = "torch/float32"
    revision = "1"
    slots = 16

    def __init__(
        self, convention: MelConvention, *, device: torch.device | str = "cpu", knobs: Knobs = Knobs()
    ) -> None:
        self.convention = convention
        self._device = torch.device(device)
        self._rounds = knobs.iterations
        filters = torch.from_numpy(mel_filters(convention))
        # Least squares; what it makes negative was not there.
        self._inverse = torch.linalg.pinv(filters.double()).float().to(self._device)
        self._window = torch.hann_window(convention.window, device=self._device)
        self.hop = convention.hop
        # Every round hears one window further, and so does the last inverse.
        self.reach = (knobs.iterations + 2) * math.ceil(convention.fft / convention.hop)
        self.tile = 2 * self.reach + 512

    @torch.inference_mode()
    def samples(self, mels: torch.Tensor, places: Sequence[Place]) -> torch.Tensor:
        """See `Vocoder`. Phases begin at random, by seed and frame."""
        magnitudes = self._magnitudes(mels.to(self._device, torch.float32))
        turns = uniform(places, mels.shape[-1], magnitudes.shape[1]).transpose(1, 2).to(self._device)
        phases = torch.polar(torch.ones_like(turns), 2 * math.pi * turns)
        # A sound of n hops has n + 1 centred frames: the last one is heard twice.
        magnitudes, phases = (torch.cat([each, each[..., -1:]], dim=-1) for each in (magnitudes, phases))
        length = mels.shape[-1] * self.convention.hop
        before = torch.zeros_like(phases)
        for _ in range(self._rounds):
            rebuilt = self._spectrum(self._sound(magnitudes * phases, length))
            ahead = rebuilt - before * (_MOMENTUM / (1 + _MOMENTUM))
            phases, before = ahead / (ahead.abs() + _TINY), rebuilt
        return self._sound(magnitudes * phases, length).clamp(-1, 1).cpu()

    def _magnitudes(self, mels: torch.Tensor) -> torch.Tensor:
        """(batch, bins, frames) in the convention → magnitudes (batch, fft / 2 + 1, frames)."""
        known = self.convention
        if known.scale is not None:
            mels = mels * mels.new_tensor(known.scale)[:, None]
        if known.mean is not None:
            mels = mels + mels.new_tensor(known.mean)[:, None]
        linear = torch.exp(mels * (math.log(10) if known.log == "log10" else 1.0))
        spectrum = (self._inverse @ linear).clamp(min=0)
        return spectrum.sqrt() if known.power == 2 else spectrum

    def _spectrum(self, sound: torch.Tensor) -> torch.Tensor:
        known = self.convention
        return torch.stft(
            sound, known.fft, known.hop, known.window, self._window, pad_mode="constant", return_complex=True
        )

    def _sound(self, spectrum: torch.Tensor, length: int) -> torch.Tensor:
        known = self.convention
        return torch.istft(spectrum, known.fft, known.hop, known.window, self._window, length=length)


def mel_filters(convention: MelConvention) -> NDArray[np.float32]:
    """The triangles (bins, fft / 2 + 1) that a mel spectrogram of this convention was weighed with.

    "slaney": linear below 1 kHz, logarithmic above, each triangle of area 1 (Slaney's Auditory Toolbox, librosa's
    default). "htk": O'Shaughnessy's formula as in HTK, each triangle of height 1.
    """
    to_mel, to_hz = (_slaney_mel, _slaney_hz) if convention.filters == "slaney" else (_htk_mel, _htk_hz)
    lowest, highest = to_mel(np.array([convention.fmin_hz, convention.fmax_hz]))
    corners = to_hz(np.linspace(lowest, highest, convention.bins + 2))
    bins_hz = np.fft.rfftfreq(convention.fft, 1 / convention.sample_rate_hz)
    rising = (bins_hz - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - bins_hz) / (corners[2:] - corners[1:-1])[:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    if convention.filters == "slaney":
        triangles *= (2 / (corners[2:] - corners[:-2]))[:, None]
    return triangles.astype(np.float32)


_KNEE_HZ, _KNEE_MEL, _STEP = 1000.0, 15.0, math.log(6.4) / 27.0


def _slaney_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(hz < _KNEE_HZ, hz * 3 / 200, _KNEE_MEL + np.log(np.maximum(hz, 1e-9) / _KNEE_HZ) / _STEP)


def _slaney_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < _KNEE_MEL, mel * 200 / 3, _KNEE_HZ * np.exp(_STEP * (mel - _KNEE_MEL)))


def _htk_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2595.0 * np.log10(1 + hz / 700)


def _htk_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return 700 * (10 ** (mel / 2595) - 1)
