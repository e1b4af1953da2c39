"""WebVTT (W3C): cues whose speaker is a voice span, after a header line."""

from __future__ import annotations

from .cue_splitting import Cue
from .subtitle_format import SubtitleFormat, format_time


def write_cue(number: int, cue: Cue) -> str:
    """One cue of a WebVTT file; numbers are not written."""
    text = "\n".join(_escape(line) for line in cue.lines)
    if cue.speaker:
        text = f"<v {_escape(cue.speaker)}>{text}"
    return f"{format_time(cue.start, '.')} --> {format_time(cue.end, '.')}\n{text}\n\n"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


WEBVTT = SubtitleFormat("text/vtt; charset=utf-8", write_cue, header="WEBVTT\n\n", has_speaker_field=True)
