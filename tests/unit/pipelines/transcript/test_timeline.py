"""pipelines/transcript/timeline.py: from a window back to the recording."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.audio.sound_ends import SoundEnds
from pipelines.audio.windows import SampleRange
from pipelines.transcript.timeline import Timeline
from tests.audio_factories import make_noise, make_silence

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


def sound_of(*parts: tuple[float, bool]) -> SoundEnds:
    """Seconds of sound (True) and of quiet."""
    return SoundEnds(np.concatenate([make_noise(s, level=0.1) if loud else make_silence(s) for s, loud in parts]))


def test_word_whose_sound_is_before_a_seam_stays_there_though_it_ends_behind_the_padding() -> None:
    # “Americans, ask not”: the time of the first word ends in the first frame of the second.
    sound = sound_of((1.7, True), (0.5, False), (0.8, True), (3.0, False))
    assert LINE.word_to_recording(1.2, 2.22, sound) == (11.2, 11.75)


def test_short_word_whose_sound_is_behind_a_seam_goes_there_though_it_ends_in_the_padding() -> None:
    sound = sound_of((1.6, True), (0.45, False), (0.95, True), (3.0, False))
    assert LINE.word_to_recording(1.7, 2.14, sound) == (20.0, 20.14)


def test_word_with_the_end_of_the_last_one_before_a_seam_goes_where_it_ends() -> None:
    # “not | what”: the end of the first is before the seam.
    sound = sound_of((1.7, True), (0.4, False), (0.9, True), (3.0, False))
    assert LINE.word_to_recording(1.55, 2.3, sound) == (20.0, 20.3)


def test_padding_decides_where_noise_hides_the_pauses() -> None:
    sound = SoundEnds(make_noise(6.0, level=0.1))
    assert LINE.word_to_recording(1.5, 2.05, sound) == (11.5, 12.0)
    assert LINE.word_to_recording(1.9, 2.6, sound) == (20.0, 20.6)


def test_window_ends_where_its_last_range_does() -> None:
    assert LINE.end_s == 33.0


def test_length_is_that_of_all_ranges() -> None:
    assert LINE.length == 96_000
