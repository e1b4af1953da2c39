"""How a stretch of text is to be said, where its source says so: voice, pace, level, and readings of single words.

Values only, between a reader that understands markup and the pipeline that speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

#: What follows a piece; pipelines/tts/assembly.py knows how long each is.
Pause = Literal["none", "sentence", "paragraph", "heading", "break", "chapter"]


@dataclass(frozen=True, slots=True)
class Style:
    """None and neutral values mean: as for the rest of the job."""

    voice: str | None = None
    language: str | None = None
    #: Times the job's speed.
    rate: float = 1.0
    #: Semitones above (or below) the voice's own pitch.
    pitch: float = 0.0
    #: Decibels louder (or softer); None = silent.
    gain_db: float | None = 0.0

    def data(self) -> dict[str, Any]:
        """What differs from the neutral style, for JSON."""
        return {name: value for name, value in asdict(self).items() if value != getattr(PLAIN, name)}


PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Reading:
    """Characters [start, end) of a text are read in a way of their own.

    `how` is "sub" (say `detail` instead), "ipa" (pronounce them as `detail`), or "say-as" (`detail` says as what:
    "ordinal", "date:dmy" …).
    """

    start: int
    end: int
    how: str
    detail: str

    def moved(self, offset: int) -> Reading:
        """The same in a text that begins `offset` characters later."""
        return Reading(self.start - offset, self.end - offset, self.how, self.detail)

    def data(self) -> list[Any]:
        """For JSON."""
        return [self.start, self.end, self.how, self.detail]


def style_of(data: Mapping[str, Any]) -> Style:
    """The style that `Style.data` wrote."""
    return Style(**data)
