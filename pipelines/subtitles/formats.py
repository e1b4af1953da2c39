"""Cues as subtitle files: the SubRip and WebVTT ways of writing them. Knows nothing of how cues are cut."""

from __future__ import annotations

from .cues import Cue

VTT_HEADER = "WEBVTT\n\n"


def srt(number: int, cue: Cue) -> str:
    """One cue of a SubRip file, numbered from 1. A speaker stands in its lines: the format has no place for it."""
    text = "\n".join(line.replace("-->", "→") for line in cue.lines)
    return f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{text}\n\n"


def vtt(cue: Cue) -> str:
    """One cue of a WebVTT file, which starts with `VTT_HEADER`. The speaker is the cue's voice and takes no room."""
    text = "\n".join(_escaped(line) for line in cue.lines)
    if cue.speaker:
        text = f"<v {_escaped(cue.speaker)}>{text}"
    return f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{text}\n\n"


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
