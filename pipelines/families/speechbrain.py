"""Speaker encoders as SpeechBrain publishes them: ECAPA-TDNN and x-vectors.

The networks are in `pipelines.speaker_embeddings`, since voice cloning uses them too. Knows nothing of diarization.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipelines.catalog.entry import SpeakerEntry
from pipelines.engines.torch_engine import resolve_torch_device
from pipelines.family import EmbeddingInput, SpeakerEmbedding, Tick

if TYPE_CHECKING:
    from pipelines.speaker_embeddings.encoder import SpeakerEncoder


def load(entry: SpeakerEntry, device: str) -> SpeechBrain:
    """The encoder in the entry's folder. Raises `ModelUnavailable` for a missing or unfit one."""
    from pipelines.speaker_embeddings.registry import load_encoder

    return SpeechBrain(entry, load_encoder(entry, resolve_torch_device(entry, device)))


class SpeechBrain:
    """See `SpeakerFamily`."""

    engine = "torch/float32"

    def __init__(self, entry: SpeakerEntry, encoder: SpeakerEncoder) -> None:
        self.entry = entry
        self.revision = encoder.revision
        self._encoder = encoder

    def embed(self, requests: Sequence[EmbeddingInput], tick: Tick) -> list[SpeakerEmbedding]:
        """See `SpeakerFamily`. One call per segment: the pooling over time would include padding."""
        embeddings = []
        for request in requests:
            tick()
            embeddings.append(self._encoder.embed(request.samples.astype(np.float32) / np.float32(32_768)))
        return embeddings

    def close(self) -> None:
        """See `SpeakerFamily`."""
