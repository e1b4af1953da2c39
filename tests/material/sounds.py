"""Sounds without speech: mains hum, noise, and chords as music. Mono at RATE_HZ; float64 in the range of int16."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
#: The chords A minor, F, C and G: semitones from A3.
_CHORDS = ((0, 3, 7), (-4, 0, 3), (3, 7, 10), (-2, 2, 5))


def make_hum(seconds: float, *, level: float = 700.0) -> NDArray[np.float64]:
    """Mains hum of 50 Hz with its overtones."""
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    overtones = [np.sin(2 * np.pi * 50 * k * times + k) / k for k in (1, 2, 3, 4, 6)]
    hum: NDArray[np.float64] = np.sum(overtones, axis=0)
    return level * hum


def make_brown_noise(seconds: float, *, seed: int, level: float = 500.0) -> NDArray[np.float64]:
    """Noise whose power falls with the frequency, as of an air conditioner."""
    white = np.random.default_rng(seed).normal(size=int(seconds * RATE_HZ))
    spectrum = np.fft.rfft(white)
    spectrum /= np.sqrt(np.arange(len(spectrum)) + 20)
    shaped = np.fft.irfft(spectrum, len(white))
    return level * shaped / np.std(shaped)


def make_music(seconds: float, *, seed: int, level: float = 1200.0) -> NDArray[np.float64]:
    """Chords that swell and fade, with a tap of noise every half second."""
    chance = np.random.default_rng(seed)
    count = int(seconds * RATE_HZ)
    times = np.arange(count) / RATE_HZ
    sound = np.zeros(count)
    for bar, start in enumerate(range(0, count, 2 * RATE_HZ)):
        here = slice(start, min(count, start + 2 * RATE_HZ))
        swell = np.sin(np.pi * np.arange(here.stop - here.start) / (2 * RATE_HZ)) ** 0.5
        for semitones in _CHORDS[bar % len(_CHORDS)]:
            pitch = 220.0 * 2 ** (semitones / 12)
            for overtone in (1, 2, 3):
                sound[here] += swell * np.sin(2 * np.pi * overtone * pitch * times[here]) / overtone**2
    for start in range(0, count - RATE_HZ // 8, RATE_HZ // 2):
        tap = chance.normal(size=RATE_HZ // 8) * np.exp(-np.arange(RATE_HZ // 8) / (0.02 * RATE_HZ))
        sound[start : start + len(tap)] += 2 * tap
    return level * sound / np.std(sound)
