"""pipelines/stt/output/registry.py: every format that a request can name has a writer, and no other."""

from __future__ import annotations

from typing import get_args

from pipelines.requests import TranscriptFormat
from pipelines.stt.output.registry import TRANSCRIPT_FORMATS
from pipelines.subtitles.registry import SUBTITLE_FORMATS


def test_formats_are_those_that_a_request_can_name() -> None:
    assert set(TRANSCRIPT_FORMATS) == set(get_args(TranscriptFormat))


def test_every_subtitle_format_is_a_transcript_format_of_its_media_type() -> None:
    for name, subtitle_format in SUBTITLE_FORMATS.items():
        assert TRANSCRIPT_FORMATS[name].content_type == subtitle_format.content_type
