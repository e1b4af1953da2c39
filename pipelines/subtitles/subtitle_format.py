"""What a subtitle format is: how its file begins, and how it writes a cue. Knows no format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .cue_splitting import Cue


@dataclass(frozen=True, slots=True)
class SubtitleFormat:
    """A text format of cues, UTF-8."""

    content_type: str
    #: Writes one cue; the number counts from 1.
    write_cue: Callable[[int, Cue], str]
    #: What the file begins with.
    header: str = ""
    #: Whether a cue has a place for its speaker; otherwise the speaker is named in its text.
    has_speaker_field: bool = False


def format_time(seconds: float, separator: str) -> str:
    """`hh:mm:ss,mmm` with `separator` before the milliseconds."""
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{separator}{milliseconds % 1000:03}"
