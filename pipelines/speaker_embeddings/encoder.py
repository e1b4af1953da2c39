"""One opened speaker encoder: a wave in, the voice as a vector of length 1 out."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pipelines.family import Vector

from .filterbank import RATE_HZ, Filterbank
from .unit_vector import unit

#: Shorter sounds are heard over and over until they are so long, in samples: the convolutions mirror their ends.
_SHORTEST = RATE_HZ // 4


class SpeakerEncoder:
    """A network behind its features. Threads may share one."""

    def __init__(self, network: nn.Module, *, bands: int, width: int, device: torch.device, revision: str) -> None:
        """`width`: numbers of a vector. `revision`: of the weights, for provenance."""
        self.width = width
        self.revision = revision
        self._device = device
        self._listening = nn.Sequential(Filterbank(bands), network).to(device).eval()

    def vector(self, wave: NDArray[np.float32]) -> Vector:
        """The voice of a wave at 16 kHz in −1…1, not empty. The whole of it counts, pauses included."""
        if len(wave) < _SHORTEST:
            wave = np.pad(wave, (0, _SHORTEST - len(wave)), "wrap")
        with torch.inference_mode():
            made = self._listening(torch.from_numpy(wave)[None].to(self._device))
        return unit(made[0].float().cpu().numpy())
