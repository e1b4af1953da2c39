"""How a passage is to be spoken where its source says so: voice, rate, pitch, gain, the spoken form of single words.

Values only, passed from a reader that understands markup to the pipeline that synthesises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

#: What follows a segment; pipelines/tts/assembly.py knows how long each is.
Pause = Literal["none", "line", "sentence", "paragraph", "heading", "break", "chapter"]


@dataclass(frozen=True, slots=True)
class Style:
    """None and neutral values mean: as for the rest of the job."""

    voice: str | None = None
    #: BCP 47.
    language: str | None = None
    #: Factor on the job's speed.
    rate: float = 1.0
    #: Semitones above (or below) the voice's own pitch.
    pitch: float = 0.0
    #: Decibels louder (or softer); None = silent.
    gain_db: float | None = 0.0

    def to_json(self) -> dict[str, Any]:
        """What differs from the neutral style."""
        return {name: value for name, value in asdict(self).items() if value != getattr(NEUTRAL_STYLE, name)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Style:
        """The style that `to_json` wrote."""
        return cls(**data)


NEUTRAL_STYLE = Style()


@dataclass(frozen=True, slots=True)
class SpokenForm:
    """The spoken form that the source gives for the characters [start, end) of a text.

    `kind` is "sub" (speak `value` instead), "ipa" (pronounce them as `value`), or "say-as" (`value` says as what:
    "ordinal", "date:dmy" …).
    """

    start: int
    end: int
    kind: str
    value: str

    def shift(self, offset: int) -> SpokenForm:
        """The same form in a text that begins `offset` characters later."""
        return SpokenForm(self.start - offset, self.end - offset, self.kind, self.value)

    def to_json(self) -> list[Any]:
        """Start, end, kind and value."""
        return [self.start, self.end, self.kind, self.value]
