"""Turns: stretches of speech between two breaths, each of one voice. Where they lie, and the vectors of their voices.

Knows words with their times, windows and the turns' place in a part file; nothing of clusters or names.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.audio.vad import RATE_HZ
from pipelines.family import EmbedRequest, Recording, SpeakerFamily, Tick, Vector
from pipelines.transcript.chunk_file import ChunkWindow
from pipelines.transcript.part_file import HeardWindow

#: A pause in which another may begin to speak, and the longest turn without one, in seconds.
_BREATH_S, _LONGEST_S = 0.25, 4.0
#: Less than this says nothing of a voice; such a turn is left to its neighbours.
_SHORTEST_S = 0.1
_SAME_VOICE = 0.82


@dataclass(frozen=True, slots=True)
class Turn:
    """Seconds of the recording in which one voice spoke, and that voice."""

    start: float
    end: float
    vector: Vector

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(slots=True)
class Voices:
    """What speaker encoders left in the parts of a recording."""

    turns: list[Turn] = field(default_factory=list)
    #: The vectors of enrolled voices.
    known: dict[str, Vector] = field(default_factory=dict)
    #: Cosine from which a speaker is one of these, as the encoder's entry has it. Chunks that were accepted by an older
    #: version, which had one limit for all encoders, do not say.
    same_voice: float = _SAME_VOICE

    def read(self, path: Path) -> None:
        """Add what a part file holds; nothing where no voices were asked for."""
        part = json.loads(path.read_text(encoding="utf-8"))
        self.turns += [Turn(start, end, _vector(stored)) for start, end, stored in part.get("turns", ())]
        self.known |= {voice: _vector(stored) for voice, stored in part.get("known", {}).items()}
        self.same_voice = part.get("same_voice") or self.same_voice


def voices_of(
    heard: Iterable[HeardWindow], windows: Sequence[ChunkWindow], family: SpeakerFamily, tick: Tick
) -> list[Turn]:
    """The turns in what was heard in a chunk, `family.entry.slots` of them at a time.

    `windows`: those of the whole chunk, by number.
    """
    found: list[Turn] = []
    for window in heard:
        within = windows[window.number]
        samples = within.samples
        stretches = []
        for start, end in _stretches(window):
            first, last = within.timeline.inside(start, end)
            if last - first >= _SHORTEST_S * RATE_HZ:
                stretches.append((start, end, EmbedRequest(samples[first:last])))
        size = max(1, family.entry.slots)
        for at in range(0, len(stretches), size):
            several = stretches[at : at + size]
            vectors = family.embed([request for _, _, request in several], tick)
            found += [Turn(start, end, vector) for (start, end, _), vector in zip(several, vectors, strict=True)]
    return found


def _stretches(window: HeardWindow) -> Iterator[tuple[float, float]]:
    """From the first to the last word of each turn; whole segments where a model gives no words."""
    spoken = [each for segment in window.segments for each in (segment["words"] or [segment])]
    start = end = None
    for each in spoken:
        if start is None or end is None:
            start = each["start"]
        elif each["start"] - end > _BREATH_S or each["end"] - start > _LONGEST_S:
            yield start, end
            start = each["start"]
        end = each["end"]
    if start is not None and end is not None:
        yield start, end


def as_json(turns: Iterable[Turn]) -> list[list[Any]]:
    """For a part file: start, end, and the vector in half precision, which moves no cosine by more than 0.001."""
    return [[turn.start, turn.end, _stored(turn.vector)] for turn in turns]


def known_voices(recordings: Mapping[str, Recording], family: SpeakerFamily, tick: Tick) -> dict[str, Vector]:
    """The voice of each recording (mono, 16 kHz): the mean over stretches as long as a turn may be."""
    found = {}
    for voice, recording in recordings.items():
        count = max(1, round(len(recording.samples) / (_LONGEST_S * RATE_HZ)))
        vectors = family.embed([EmbedRequest(each) for each in np.array_split(recording.samples, count)], tick)
        mean = np.mean(vectors, axis=0)
        found[voice] = (mean / (np.linalg.norm(mean) or 1.0)).astype(np.float32)
    return found


def known_as_json(known: Mapping[str, Vector]) -> dict[str, str]:
    """For a part file, as in `as_json`."""
    return {voice: _stored(vector) for voice, vector in known.items()}


def _stored(vector: Vector) -> str:
    return base64.b64encode(vector.astype("<f2").tobytes()).decode()


def _vector(stored: str) -> Vector:
    return np.frombuffer(base64.b64decode(stored), "<f2").astype(np.float32)
