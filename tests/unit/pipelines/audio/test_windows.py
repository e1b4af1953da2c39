"""pipelines/audio/windows.py: speech in windows of 30 s at most, cut in pauses."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.audio.vad import FRAME, EnergyDetector
from pipelines.audio.windows import WINDOW, Window, WindowPacker
from tests.audio_factories import make_silence, make_sine

RATE = 16_000


def packed(samples: np.ndarray, size: int = RATE // 2) -> list[Window]:
    packer = WindowPacker(EnergyDetector())
    floats = samples.astype(np.float32) / 32_768
    windows, horizons = [], []
    for start in range(0, len(floats), size):
        windows += list(packer.push(floats[start : start + size]))
        horizons.append((len(windows), packer.horizon))
    windows += list(packer.finish())
    for done, horizon in horizons:
        assert all(window.ranges[0].start >= horizon for window in windows[done:])
    return windows


def talk(*seconds: float) -> np.ndarray:
    """Sound and silence in turns, beginning with sound."""
    parts = [make_silence(length) if index % 2 else make_sine(length) for index, length in enumerate(seconds)]
    return np.concatenate(parts)


def check(samples: np.ndarray, windows: list[Window]) -> None:
    """What holds for all windows of a recording."""
    end = 0
    for window in windows:
        assert sum(each.length for each in window.ranges) == len(window.samples) <= WINDOW
        parts = []
        for each in window.ranges:
            assert end <= each.start < each.end <= len(samples)
            parts.append(samples[each.start : each.end])
            end = each.end
        assert np.array_equal(np.concatenate(parts), window.samples)


def test_silence_gives_no_window() -> None:
    assert packed(make_silence(60.0)) == []
    assert packed(np.zeros(0, np.int16)) == []


def test_short_speech_is_one_window_with_a_margin() -> None:
    samples = np.concatenate([make_silence(2.0), make_sine(1.0), make_silence(2.0)])
    (window,) = packed(samples)
    check(samples, [window])
    (only,) = window.ranges
    assert 2.0 - 0.25 < only.start / RATE < 2.0 - 0.15 and 3.0 + 0.15 < only.end / RATE < 3.0 + 0.25


def test_short_pause_stays_and_a_longer_one_shrinks() -> None:
    samples = talk(2.0, 0.5, 2.0, 3.0, 2.0)
    (window,) = packed(samples)
    check(samples, [window])
    assert len(window.ranges) == 2
    assert 6.5 < len(window.samples) / RATE < 7.5


def test_a_very_long_pause_ends_the_window() -> None:
    assert [len(window.ranges) for window in packed(talk(2.0, 50.0, 2.0))] == [2]
    assert [len(window.ranges) for window in packed(talk(2.0, 70.0, 2.0))] == [1, 1]


def test_windows_are_filled_but_never_past_30_seconds() -> None:
    samples = talk(*[4.0, 1.0] * 30)
    windows = packed(samples)
    check(samples, windows)
    assert all(len(window.samples) / RATE > 24 for window in windows[:-1])


def test_speech_that_does_not_fit_is_cut_in_a_pause_that_fills_the_window() -> None:
    samples = talk(20.0, 1.0, 4.0, 0.15, 4.0, 0.15, 4.0, 0.25, 6.0)
    windows = packed(samples)
    check(samples, windows)
    assert [len(window.ranges) for window in windows] == [2, 1]
    assert 21 + 8.1 < windows[0].ranges[-1].end / RATE < 21 + 8.35
    assert len(windows[0].samples) >= 0.9 * WINDOW


def test_speech_without_a_pause_where_it_would_fill_the_window_is_not_cut() -> None:
    for samples in (talk(20.0, 1.0, 18.0), talk(20.0, 1.0, 3.0, 0.2, 14.8), talk(28.0, 1.0, 1.3, 0.2, 10.0)):
        windows = packed(samples)
        check(samples, windows)
        assert [len(window.ranges) for window in windows] == [1, 1]


def test_speech_of_a_whole_window_is_cut_late_rather_than_in_its_longest_pause() -> None:
    samples = talk(15.0, 0.25, 12.5, 0.15, 15.0)
    windows = packed(samples)
    check(samples, windows)
    assert 27.7 < windows[0].ranges[-1].end / RATE < 27.95


def test_windows_of_ordinary_speech_are_nine_tenths_full() -> None:
    """Phrases of 1 to 9 s, with short pauses within and longer ones between, as dialogues have them."""
    rng = np.random.default_rng(4)
    lengths = [each for _ in range(120) for each in (rng.uniform(0.4, 3.0), rng.choice([0.12, 0.16, 0.2, 0.7, 1.5]))]
    windows = packed(talk(*lengths))
    fill = sum(len(window.samples) for window in windows[:-1]) / (len(windows) - 1) / WINDOW
    assert fill > 0.9


def test_long_speech_is_cut_in_the_longest_of_its_short_pauses() -> None:
    samples = talk(15.0, 0.1, 5.0, 0.2, 5.0, 0.1, 15.0)
    windows = packed(samples)
    check(samples, windows)
    cut_s = windows[0].ranges[-1].end / RATE
    assert 20.1 <= cut_s <= 20.3
    assert windows[1].ranges[0].start == windows[0].ranges[-1].end
    assert windows[-1].ranges[-1].end == len(samples)


def test_speech_without_any_pause_is_cut_all_the_same_and_nothing_is_lost() -> None:
    samples = make_sine(100.0)
    windows = packed(samples)
    check(samples, windows)
    assert sum(len(window.samples) for window in windows) == len(samples)


def test_windows_do_not_depend_on_how_the_sound_arrives() -> None:
    samples = talk(8.0, 0.2, 9.0, 1.0, 14.0, 0.15, 6.0, 70.0, 3.0)
    assert [window.ranges for window in packed(samples, 997)] == [window.ranges for window in packed(samples)]


@settings(max_examples=40)
@given(st.lists(st.sampled_from([0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0, 3.0, 7.0, 9.0, 20.0, 40.0, 70.0]), max_size=12))
def test_all_sound_is_in_exactly_one_window(lengths: list[float]) -> None:
    samples = talk(*lengths) if lengths else np.zeros(0, np.int16)
    windows = packed(samples)
    check(samples, windows)
    covered = np.zeros(len(samples), bool)
    for window in windows:
        for each in window.ranges:
            covered[each.start : each.end] = True
    at = 0.0
    for index, length in enumerate(lengths):
        # Less than four frames between pauses count as a click.
        if index % 2 == 0 and length > 4 * FRAME / RATE:
            assert covered[round(at * RATE) + FRAME : round((at + length) * RATE) - FRAME].all()
        at += length
