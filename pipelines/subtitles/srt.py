"""SubRip (SRT): numbered cues without a header."""

from __future__ import annotations

from .cue_splitting import Cue
from .subtitle_format import SubtitleFormat, format_time


def write_cue(number: int, cue: Cue) -> str:
    """One cue of a SubRip file. The format has no escape: an arrow in the text is written as another character."""
    text = "\n".join(line.replace("-->", "→") for line in cue.lines)
    return f"{number}\n{format_time(cue.start, ',')} --> {format_time(cue.end, ',')}\n{text}\n\n"


SRT = SubtitleFormat("application/x-subrip; charset=utf-8", write_cue)
