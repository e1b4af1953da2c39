"""The subtitle formats by name. To add one: a module beside this one, a line here, its name in `TranscriptFormat`
(pipelines/requests.py) and in the client's `TranscriptionOptions` (framework/client/options.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from .srt import SRT
from .subtitle_format import SubtitleFormat
from .webvtt import WEBVTT

SUBTITLE_FORMATS: Mapping[str, SubtitleFormat] = {
    "srt": SRT,
    "vtt": WEBVTT,
}
