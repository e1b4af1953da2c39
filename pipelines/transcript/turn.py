"""Speaker turns of a transcript, as values. How they are found and clustered is in pipelines/diarization."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.family import SpeakerEmbedding


@dataclass(frozen=True, slots=True)
class Turn:
    """A range of the recording, in seconds, in which one speaker speaks, and that speaker's embedding."""

    start: float
    end: float
    embedding: SpeakerEmbedding

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start
