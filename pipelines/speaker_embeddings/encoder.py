"""A loaded speaker encoder: waveform to speaker embedding."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pipelines.audio.unit_vector import normalise_length
from pipelines.family import SpeakerEmbedding

from .filterbank import RATE_HZ, Filterbank
from .layout import EncoderNetwork

#: Shorter inputs are repeated up to this many samples: the convolutions pad by reflection.
_MIN_SAMPLES = RATE_HZ // 4


class SpeakerEncoder:
    """A network and the filter bank for its features. Threads may share one."""

    def __init__(self, network: EncoderNetwork, *, device: torch.device, revision: str) -> None:
        """`revision`: of the weights, for provenance."""
        self.size = network.embedding_size
        self.revision = revision
        self._device = device
        self._model = nn.Sequential(Filterbank(network.bands), network).to(device).eval()

    def embed(self, wave: NDArray[np.float32]) -> SpeakerEmbedding:
        """The embedding, of length 1, of a wave at 16 kHz in −1…1, not empty. Pauses count as well."""
        if len(wave) < _MIN_SAMPLES:
            wave = np.pad(wave, (0, _MIN_SAMPLES - len(wave)), "wrap")
        with torch.inference_mode():
            embeddings = self._model(torch.from_numpy(wave)[None].to(self._device))
        return normalise_length(embeddings[0].float().cpu().numpy())
