"""Griffin-Lim: phases estimated for a mel spectrogram by iterating between waveform and spectrum. Needs no weights.

Griffin and Lim, "Signal estimation from modified short-time Fourier transform" (1984), with the acceleration of
Perraudin, Balazs and Søndergaard (2013). Accepts every mel convention; sounds metallic, and serves where no trained
vocoder is available.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from pipelines.catalog.vocoder_settings import VocoderSettings

from .mel import MelConvention
from .noise import draw_uniform
from .vocoder import FrameContext

_MOMENTUM = 0.99
_EPSILON = 1e-12
#: Frames that are kept of a chunk.
_KEPT_FRAMES = 512


class GriffinLimVocoder:
    """See `Vocoder`."""

    kind = "griffin-lim"
    engine = "torch/float32"
    revision = "1"
    batch_size = 16

    def __init__(
        self,
        convention: MelConvention,
        *,
        device: torch.device | str = "cpu",
        settings: VocoderSettings = VocoderSettings(),
    ) -> None:
        self.convention = convention
        self._device = torch.device(device)
        self._iterations = settings.iterations
        filters = torch.from_numpy(convention.build_filters())
        # Least squares; negative energies are set to 0 afterwards.
        self._inverse = torch.linalg.pinv(filters.double()).float().to(self._device)
        self._window = torch.hann_window(convention.window, device=self._device)
        self.hop = convention.hop
        # Each iteration widens it by one window, and so does the last inverse.
        self.receptive_field = (settings.iterations + 2) * math.ceil(convention.fft / convention.hop)
        self.chunk_frames = 2 * self.receptive_field + _KEPT_FRAMES

    @torch.inference_mode()
    def synthesise(self, mels: torch.Tensor, contexts: Sequence[FrameContext]) -> torch.Tensor:
        """See `Vocoder`. The initial phases are random, by seed and frame."""
        magnitudes = self._to_magnitudes(mels.to(self._device, torch.float32))
        turns = draw_uniform(contexts, mels.shape[-1], magnitudes.shape[1]).transpose(1, 2).to(self._device)
        phases = torch.polar(torch.ones_like(turns), 2 * math.pi * turns)
        # A waveform of n hops has n + 1 centred frames: the last one is repeated.
        magnitudes, phases = (torch.cat([each, each[..., -1:]], dim=-1) for each in (magnitudes, phases))
        length = mels.shape[-1] * self.convention.hop
        previous = torch.zeros_like(phases)
        for _ in range(self._iterations):
            rebuilt = self._stft(self._istft(magnitudes * phases, length))
            estimate = rebuilt - previous * (_MOMENTUM / (1 + _MOMENTUM))
            phases, previous = estimate / (estimate.abs() + _EPSILON), rebuilt
        return self._istft(magnitudes * phases, length).clamp(-1, 1).cpu()

    def _to_magnitudes(self, mels: torch.Tensor) -> torch.Tensor:
        """(batch, bins, frames) in the convention → magnitudes (batch, fft / 2 + 1, frames)."""
        convention = self.convention
        if convention.scale is not None:
            mels = mels * mels.new_tensor(convention.scale)[:, None]
        if convention.mean is not None:
            mels = mels + mels.new_tensor(convention.mean)[:, None]
        linear = torch.exp(mels * (math.log(10) if convention.log == "log10" else 1.0))
        spectrum = (self._inverse @ linear).clamp(min=0)
        return spectrum.sqrt() if convention.power == 2 else spectrum

    def _stft(self, wave: torch.Tensor) -> torch.Tensor:
        known = self.convention
        return torch.stft(
            wave, known.fft, known.hop, known.window, self._window, pad_mode="constant", return_complex=True
        )

    def _istft(self, spectrum: torch.Tensor, length: int) -> torch.Tensor:
        known = self.convention
        return torch.istft(spectrum, known.fft, known.hop, known.window, self._window, length=length)
