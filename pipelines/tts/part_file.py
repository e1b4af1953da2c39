"""The file of one spoken chunk: a line of JSON, then mono s16le samples. Knows its layout; nothing of voices."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.text.similarity import Likeness

_LONGEST_HEADER = 64 << 20


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and its samples [start, end) in the part."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """A sentence, its samples [start, end) in the part, its words."""

    text: str
    start: int
    end: int
    words: Sequence[SpokenWord] = ()
    #: What stands behind it: see pipelines/text/style.py.
    pause: str = "sentence"
    #: Its place among the pieces of the chunk, and the BCP 47 tag that it was spoken in, "" = not known.
    piece: int = -1
    language: str = ""
    #: Who spoke it: the name of a catalogue entry, "" = not known.
    model: str = ""
    #: How much faster than the voice's own pace it was to be spoken.
    speed: float = 1.0
    #: How often it was spoken to get this take.
    takes: int = 1
    #: What a listener heard in it (None = nobody listened), how like the text that is, and whether it is too unlike.
    heard: str | None = None
    likeness: Likeness | None = None
    is_doubtful: bool = False
    #: What is wrong with it (docs/synthesis.md), and a score of 1–5; None = not graded.
    faults: Sequence[str] = ()
    #: Those of its faults that the model told of itself, and faults that it had until they were mended.
    told: Sequence[str] = ()
    mended: Sequence[str] = ()
    score: float | None = None


@dataclass(frozen=True, slots=True)
class SpeechPart:
    """One chunk, spoken. `chapter` is its number in the plan's list."""

    chapter: int
    sample_rate_hz: int
    samples: NDArray[np.int16]
    #: Also those of which nothing sounds: their first sample is their end.
    sentences: Sequence[SpokenSentence] = field(default=())
    #: Marks that the source itself set: name and sample of the part.
    named: Sequence[tuple[str, int]] = ()
    #: What the user should know: what was not said, or said otherwise than asked.
    warnings: Sequence[str] = ()
    #: Where the scores come from: "dnsmos" or "signal"; "" = there are none.
    scale: str = ""

    @property
    def audible(self) -> Iterator[SpokenSentence]:
        """The sentences of which something sounds."""
        return (sentence for sentence in self.sentences if sentence.end > sentence.start)

    @property
    def duration_s(self) -> float:
        """Seconds of sound and silence."""
        return len(self.samples) / self.sample_rate_hz if self.sample_rate_hz else 0.0


def write_part(path: Path, part: SpeechPart) -> None:
    """Write `part` to `path`; the same part gives the same bytes."""
    header: dict[str, Any] = {
        "sample_rate_hz": part.sample_rate_hz,
        "samples": len(part.samples),
        "chapter": part.chapter,
        "sentences": [
            {**asdict(sentence), "words": [[word.text, word.start, word.end] for word in sentence.words]}
            for sentence in part.sentences
        ],
        "named": [list(mark) for mark in part.named],
        "warnings": list(part.warnings),
        "scale": part.scale,
    }
    with path.open("wb") as file:
        file.write(json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        file.write(np.ascontiguousarray(part.samples, dtype="<i2").data)


def read_part(path: Path) -> SpeechPart:
    """Read what `write_part` wrote; samples are mapped, not read. Raises ValueError for anything else."""
    with path.open("rb") as file:
        line = file.readline(_LONGEST_HEADER)
        header = json.loads(line)
        count = header["samples"]
        if path.stat().st_size != len(line) + 2 * count:
            raise ValueError(f"a spoken part of {count} samples has {path.stat().st_size - len(line)} bytes of sound")
        samples = np.memmap(file, "<i2", "r", len(line), (count,)) if count else np.zeros(0, np.int16)
    return SpeechPart(
        chapter=header["chapter"],
        sample_rate_hz=header["sample_rate_hz"],
        samples=samples,
        sentences=tuple(SpokenSentence(**{**sentence, **_parsed(sentence)}) for sentence in header["sentences"]),
        # What versions before this one did not write is as if there were none.
        named=tuple((name, sample) for name, sample in header.get("named", ())),
        warnings=tuple(header.get("warnings", ())),
        scale=header.get("scale", ""),
    )


def _parsed(sentence: dict[str, Any]) -> dict[str, Any]:
    likeness = sentence.get("likeness")
    return {
        "words": tuple(SpokenWord(*word) for word in sentence["words"]),
        **{name: tuple(sentence.get(name, ())) for name in ("faults", "told", "mended")},
        "likeness": Likeness(**likeness) if likeness else None,
    }
