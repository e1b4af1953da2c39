"""The file of one spoken chunk: a line of JSON, then mono s16le samples. Knows its layout; nothing of voices."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class SpeechPart:
    """One chunk, spoken. `chapter` is its number in the plan's list."""

    chapter: int
    sample_rate_hz: int
    samples: NDArray[np.int16]
    sentences: Sequence[SpokenSentence] = field(default=())
    #: Marks that the source itself set: name and sample of the part.
    named: Sequence[tuple[str, int]] = ()
    #: What the user should know: what was not said, or said otherwise than asked.
    warnings: Sequence[str] = ()


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
        sentences=tuple(
            SpokenSentence(s["text"], s["start"], s["end"], tuple(SpokenWord(*word) for word in s["words"]), s["pause"])
            for s in header["sentences"]
        ),
        named=tuple((name, sample) for name, sample in header["named"]),
        warnings=tuple(header["warnings"]),
    )
