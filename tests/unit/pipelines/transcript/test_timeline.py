"""pipelines/transcript/timeline.py: from a window back to the recording."""

from __future__ import annotations

import pytest

from pipelines.audio.windows import SampleRange
from pipelines.transcript.timeline import Timeline

#: Two seconds from 10 s on, then one from 20 s on, then three from 30 s on.
LINE = Timeline([SampleRange(160_000, 32_000), SampleRange(320_000, 16_000), SampleRange(480_000, 48_000)], 16_000)


@pytest.mark.parametrize(
    ("window", "recording"),
    [
        ((0.0, 0.5), (10.0, 10.5)),
        ((1.5, 2.0), (11.5, 12.0)),  # up to the seam
        ((2.0, 2.5), (20.0, 20.5)),  # from the seam on
        ((3.0, 6.0), (30.0, 33.0)),
        ((0.5, 4.0), (10.5, 31.0)),
        ((5.5, 9.0), (32.5, 33.0)),  # past the window's end
        ((9.0, 9.5), (33.0, 33.0)),
        ((-1.0, 0.2), (10.0, 10.2)),
    ],
)
def test_times_are_mapped_range_by_range_and_keep_both_ends(
    window: tuple[float, float], recording: tuple[float, float]
) -> None:
    assert LINE.to_recording(*window) == recording


@pytest.mark.parametrize(
    ("window", "recording"),
    [
        ((0.0, 0.5), (10.0, 10.5)),
        ((1.5, 2.0), (11.5, 12.0)),
        ((2.0, 2.5), (20.0, 20.5)),
        ((1.6, 2.2), (20.0, 20.2)),  # a word across a seam goes where it ends …
        ((1.9, 2.6), (20.0, 20.6)),
        ((0.1, 2.3), (20.0, 20.3)),  # … however early it seems to begin
        ((1.5, 3.4), (30.0, 30.4)),  # across two seams
        ((1.5, 2.05), (11.5, 12.0)),  # in the padding behind a seam nobody speaks
        ((2.5, 3.02), (20.5, 21.0)),
        ((5.5, 9.0), (32.5, 33.0)),
    ],
)
def test_word_across_a_seam_goes_where_it_ends(window: tuple[float, float], recording: tuple[float, float]) -> None:
    assert LINE.word_to_recording(*window) == recording


def test_length_is_that_of_all_ranges() -> None:
    assert LINE.length == 96_000
