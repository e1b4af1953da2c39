"""Speaker turns of a chunk: segments of speech without a pause, each with the speaker embedding of its audio.

Knows words with their times, and windows; nothing of clusters or names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipelines.audio.unit_vector import normalise_length
from pipelines.audio.vad import RATE_HZ
from pipelines.family import EmbeddingInput, Recording, SpeakerEmbedding, SpeakerFamily, Tick
from pipelines.subtitles.timed_segment import TimedSegment, TimedWord
from pipelines.transcript.chunk_file import ChunkWindow
from pipelines.transcript.part_file import RecognisedWindow, RecognitionPart
from pipelines.transcript.turn import Turn

#: A turn ends at a pause longer than this, at which the speaker may change, or at this length; in seconds.
_PAUSE_S, _MAX_TURN_S = 0.25, 4.0
#: A shorter turn is too short for an embedding; its words go to the nearest turn.
_MIN_TURN_S = 0.1
#: The threshold of parts by versions that had one for all encoders.
_SAME_VOICE = 0.82


@dataclass(slots=True)
class DiarizationData:
    """What the parts of a recording hold for its diarization."""

    turns: list[Turn] = field(default_factory=list)
    #: Embeddings of known speakers, by enrolled voice.
    known: dict[str, SpeakerEmbedding] = field(default_factory=dict)
    #: The cosine from which a speaker is a known one: that of the encoder's catalogue entry.
    same_voice: float = _SAME_VOICE

    def add(self, part: RecognitionPart) -> None:
        """Add what a part holds: nothing where the job is not diarized."""
        self.turns += part.turns
        self.known |= part.known_speakers
        self.same_voice = part.same_voice or self.same_voice


def embed_turns(
    recognised: Iterable[RecognisedWindow], windows: Sequence[ChunkWindow], family: SpeakerFamily, tick: Tick
) -> list[Turn]:
    """The turns in the transcripts of a chunk, embedded in batches of `family.entry.slots`.

    `windows`: all windows of the chunk, by number.
    """
    turns: list[Turn] = []
    size = max(1, family.entry.slots)
    for window in recognised:
        inputs = list(_turn_inputs(window, windows[window.number]))
        for at in range(0, len(inputs), size):
            batch = inputs[at : at + size]
            embeddings = family.embed([each for _, _, each in batch], tick)
            turns += [Turn(start, end, found) for (start, end, _), found in zip(batch, embeddings, strict=True)]
    return turns


def _turn_inputs(recognised: RecognisedWindow, window: ChunkWindow) -> Iterator[tuple[float, float, EmbeddingInput]]:
    """Start, end and audio of each turn that is long enough."""
    samples = window.samples
    for start, end in _find_turns(recognised):
        first, last = window.timeline.to_window(start, end)
        if last - first >= _MIN_TURN_S * RATE_HZ:
            yield start, end, EmbeddingInput(samples[first:last])


def _find_turns(window: RecognisedWindow) -> Iterator[tuple[float, float]]:
    """Start and end of each turn by its first and last word; by whole segments where a model gives no words."""
    spoken: list[TimedWord | TimedSegment] = []
    for segment in window.segments:
        spoken += segment.words or [segment]
    start = end = None
    for each in spoken:
        if start is None or end is None:
            start = each.start
        elif each.start - end > _PAUSE_S or each.end - start > _MAX_TURN_S:
            yield start, end
            start = each.start
        end = each.end
    if start is not None and end is not None:
        yield start, end


def embed_references(
    recordings: Mapping[str, Recording], family: SpeakerFamily, tick: Tick
) -> dict[str, SpeakerEmbedding]:
    """The embedding of each recording (mono, 16 kHz): the mean over parts of a turn's maximal length."""
    embeddings = {}
    for voice, recording in recordings.items():
        count = max(1, round(len(recording.samples) / (_MAX_TURN_S * RATE_HZ)))
        parts = family.embed([EmbeddingInput(each) for each in np.array_split(recording.samples, count)], tick)
        embeddings[voice] = normalise_length(np.mean(parts, axis=0))
    return embeddings
