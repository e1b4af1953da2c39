"""pipelines/subtitles/subtitle_format.py: times of cues."""

from __future__ import annotations

import pytest

from pipelines.subtitles.subtitle_format import format_time


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "00:00:00,000"),
        (0.9996, "00:00:01,000"),
        (61.25, "00:01:01,250"),
        (3599.9994, "00:59:59,999"),
        (360_000.0, "100:00:00,000"),
    ],
)
def test_time_has_hours_minutes_seconds_and_milliseconds(seconds: float, text: str) -> None:
    assert format_time(seconds, ",") == text


def test_separator_is_that_of_the_format() -> None:
    assert format_time(1.5, ".") == "00:00:01.500"
