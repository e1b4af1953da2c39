"""Speaker encoders as SpeechBrain publishes them: ECAPA-TDNN and x-vectors.

The networks are in `pipelines.speaker_embeddings`, since voice cloning uses them too. Knows nothing of turns, chunks or
clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipelines.catalog.entry import Entry
from pipelines.engines.torch_engine import torch_device
from pipelines.family import EmbedRequest, Tick, Vector

if TYPE_CHECKING:
    from pipelines.speaker_embeddings.encoder import SpeakerEncoder


def load(entry: Entry, device: str) -> SpeechBrain:
    """The encoder in the entry's folder. Raises `ModelUnavailable` for one that is missing or does not fit."""
    from pipelines.speaker_embeddings.registry import open_encoder

    return SpeechBrain(entry, open_encoder(entry, torch_device(entry, device)))


class SpeechBrain:
    """One loaded encoder."""

    engine = "torch/float32"

    def __init__(self, entry: Entry, encoder: SpeakerEncoder) -> None:
        self.entry = entry
        self.revision = encoder.revision
        self._encoder = encoder

    def embed(self, requests: Sequence[EmbedRequest], tick: Tick) -> list[Vector]:
        """See `SpeakerFamily`. One pass for each: the networks pool over time, and padding would be heard."""
        vectors = []
        for request in requests:
            tick()
            vectors.append(self._encoder.vector(request.samples.astype(np.float32) / np.float32(32_768)))
        return vectors

    def close(self) -> None:
        """See `SpeakerFamily`."""
