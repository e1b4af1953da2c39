"""pipelines/audio/sound_ends.py: where the sound of a word ends."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.audio.sound_ends import SoundEnds
from tests.audio_factories import make_noise, make_silence


def speech(*parts: tuple[float, bool], noise: float = 0.0) -> NDArray[np.int16]:
    """Seconds of sound (True) and of pauses, with noise of this level under both."""
    sound = np.concatenate([make_noise(s, level=0.1) if loud else make_silence(s) for s, loud in parts])
    return sound + make_noise(len(sound) / 16_000, level=noise, seed=5)[: len(sound)]


@pytest.mark.parametrize("noise", [0.0, 0.0005, 0.003])
def test_word_that_lasts_through_a_pause_ends_with_its_sound(noise: float) -> None:
    ends = SoundEnds(speech((0.5, True), (0.8, False), (0.5, True), noise=noise))
    assert ends.end_of(0.1, 1.3) == pytest.approx(0.55, abs=0.011)
    assert ends.end_of(1.3, 1.8) == 1.8


def test_word_with_a_short_pause_behind_it_stays() -> None:
    ends = SoundEnds(speech((0.5, True), (0.12, False), (0.5, True), (0.3, False)))
    assert ends.end_of(0.1, 0.62) == 0.62


def test_word_without_any_sound_stays() -> None:
    assert SoundEnds(speech((0.5, True), (0.8, False))).end_of(0.6, 1.2) == 1.2


def test_words_stay_where_noise_hides_the_pauses() -> None:
    assert SoundEnds(speech((0.5, True), (0.8, False), (0.5, True), noise=0.05)).end_of(0.1, 1.3) == 1.3


@pytest.mark.parametrize("samples", [make_silence(0.0), make_silence(1.0), make_silence(0.004)])
def test_silence_says_nothing(samples: NDArray[np.int16]) -> None:
    assert SoundEnds(samples).end_of(0.0, 0.5) == 0.5


def test_sound_between_two_times_is_measured() -> None:
    ends = SoundEnds(speech((0.5, True), (0.8, False), (0.5, True)))
    assert ends.measure_sound_s(0.3, 1.4) == pytest.approx(0.3)
    assert ends.measure_sound_s(0.6, 1.2) == 0.0
    assert SoundEnds(make_silence(1.0)).measure_sound_s(0.0, 1.0) is None
