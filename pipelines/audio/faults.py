"""Detects faults of a spoken sentence in its samples: clipping, rumble, silence, speaking rate, repetition and others.

Knows signals only. The score is computed from these faults alone: it separates broken from intact speech and does not
rank intact speech.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .resample import resample_int16

#: The sampling rate at which spectra are compared, in Hz, and their hop: 50 per second, as for levels.
RATE_HZ = 16_000
_HOP, _FRAME, _BANDS = 320, 512, 24
#: Samples at or above this, three or more in a row, are clipped.
FULL_SCALE = 32_700
#: A frame this far below the loudest is silence, dB.
_SILENCE_DB = 45.0
#: Levels are measured in frames of this length, seconds.
FRAME_S = 0.02
#: Limits beyond which a measurement is a fault: share of samples; share of the power (Flite and eSpeak NG have 0.006 at
#: most); seconds; seconds; factor on the voice's own rate; seconds; share of frames.
MAX_CLIPPED = 0.001
MAX_RUMBLE = 0.1
MAX_LEAD_S = 1.0
MAX_SILENCE_S = 1.5
MAX_RATE_FACTOR = 1.7
MAX_LOOP_S = 1.2
MAX_COLLAPSED = 0.5
#: Points that a fault costs; "attention" is reported by a model itself (`Speech.faults`).
_PENALTIES = {
    "clipping": 1.0,
    "rumble": 1.0,
    "silence": 1.0,
    "rate": 1.0,
    "attention": 2.0,
    "repetition": 2.0,
    "collapse": 2.5,
    "no_sound": 4.0,
}
#: The rate of shorter sentences is not measured; a voice has a rate of its own from this many sentences on.
_MIN_LETTERS, _MIN_SENTENCES = 20, 6
#: The range of human speaking rates, in letters per second. Readers of 17 languages speak about 4 to 9 syllables per
#: second (Coupé, Oh, Dediu and Pellegrino, "Different languages, similar encoding efficiency", Science Advances 5 (9),
#: 2019, without pauses), and a syllable has two to three and a half letters: 8 to 30. A sentence has pauses as well.
HUMAN_RATES = (5.0, 30.0)
#: Periods of repetition, in frames (0.16 s to 1.6 s); the cosines from which two spectra count as the same, and from
#: which a sound counts as unchanging.
_PERIODS = range(8, 80)
_SAME, _UNCHANGING = 0.93, 0.97


@dataclass(frozen=True, slots=True)
class Measurements:
    """Measurements of one sentence. Shares are 0–1."""

    #: Share of samples that are clipped at full scale.
    clipped_share: float
    #: Seconds of silence before the speech, and of the longest silence in it.
    lead_s: float
    silence_s: float
    #: Letters per second, at speed 1; 0 where the text is too short to measure.
    rate: float
    #: Seconds of the longest passage in which the same sounds occur at least three times in a row.
    loop_s: float = 0.0
    #: Share of the sounding frames that are one unchanging sound, or noise with a flat spectrum.
    collapsed: float = 0.0
    has_sound: bool = True
    #: Share of the power below 25 Hz, where voices have none: an offset or drift.
    rumble: float = 0.0


def measure(samples: NDArray[np.int16], rate_hz: int, letters: float, speed: float = 1.0) -> Measurements:
    """Measure a sentence.

    `letters`: how long its text takes to speak, in letters of an alphabet; `speed`: the one it was requested at.
    """
    frames = _frames(samples, rate_hz)
    if not samples.any() or len(frames) < 4:
        return Measurements(clipped_share(samples), 0.0, 0.0, 0.0, has_sound=bool(samples.any()))
    flags = find_sounding_frames(samples, rate_hz)
    first, last = np.flatnonzero(flags)[[0, -1]]
    seconds = (last - first + 1) / 50
    loop, collapsed = _measure_spectra(samples, rate_hz)
    return Measurements(
        clipped_share=clipped_share(samples),
        lead_s=float(first / 50),
        silence_s=_longest_run(~flags[first : last + 1]) / 50,
        rate=round(float(letters / seconds / speed), 2) if letters >= _MIN_LETTERS else 0.0,
        loop_s=loop,
        collapsed=collapsed,
        rumble=round(float(np.square(frames.mean(axis=1)).sum() / np.square(frames).mean(axis=1).sum()), 4),
    )


def find_faults(measurements: Measurements, rates: tuple[float, float]) -> Iterator[str]:
    """The names of the faults. `rates`: the lowest and the highest rate that are not a fault, in letters per second."""
    if not measurements.has_sound:
        yield "no_sound"
        return
    if measurements.clipped_share > MAX_CLIPPED:
        yield "clipping"
    if measurements.rumble > MAX_RUMBLE:
        yield "rumble"
    if measurements.lead_s > MAX_LEAD_S or measurements.silence_s > MAX_SILENCE_S:
        yield "silence"
    if measurements.rate and not rates[0] <= measurements.rate <= rates[1]:
        yield "rate"
    if measurements.loop_s > MAX_LOOP_S:
        yield "repetition"
    if measurements.collapsed > MAX_COLLAPSED:
        yield "collapse"


def expected_rates(measurements: Sequence[Measurements]) -> tuple[float, float]:
    """The range of rates that are not a fault, in letters per second: around the median of the voice's sentences.

    With too few sentences it is the range of human speech.
    """
    rates = [each.rate for each in measurements if each.rate]
    if len(rates) < _MIN_SENTENCES:
        return HUMAN_RATES
    own = statistics.median(rates)
    return own / MAX_RATE_FACTOR, own * MAX_RATE_FACTOR


def compute_score(found: Sequence[str]) -> float:
    """5 without faults, less a penalty for each of them; at least 1."""
    return max(1.0, 5.0 - sum(_PENALTIES[name] for name in found))


def find_sounding_frames(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.bool_]:
    """Whether there is sound, for each whole frame of `FRAME_S`."""
    power = np.square(_frames(samples, rate_hz)).mean(axis=1)
    level_db = 10 * np.log10(power + 1e-3)
    return level_db > level_db.max(initial=-30.0) - _SILENCE_DB


def _frames(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.float32]:
    step = int(rate_hz * FRAME_S)
    count = len(samples) // step
    return samples[: count * step].reshape(count, step).astype(np.float32)


def clipped_share(samples: NDArray[np.int16] | NDArray[np.float64]) -> float:
    """The share of samples that are at full scale, three or more in a row."""
    full = np.abs(samples.astype(np.float32)) >= FULL_SCALE
    clipped = full[:-2] & full[1:-1] & full[2:]
    return round(float(clipped.mean()), 6) if len(clipped) else 0.0


def _measure_spectra(samples: NDArray[np.int16], rate_hz: int) -> tuple[float, float]:
    """`loop_s` and `collapsed` of `Measurements`."""
    at_rate = resample_int16(samples, rate_hz, RATE_HZ)
    if len(at_rate) < 4 * _FRAME:
        return 0.0, 0.0
    power = _spectra(at_rate)
    level_db = 10 * np.log10(power.sum(axis=1) + 1e-9)
    shapes = _shapes(power)
    is_sounding = level_db > level_db.max() - _SILENCE_DB
    return round(_longest_loop(shapes) * _HOP / RATE_HZ, 2), round(_collapsed_share(power, shapes, is_sounding), 3)


def _spectra(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Mean power in bands of equal width on the mel scale, shape (frames, bands)."""
    count = 1 + (len(samples) - _FRAME) // _HOP
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP][:count]
    window = np.hanning(_FRAME).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames * window, axis=1))).astype(np.float32)
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(_FRAME, 1 / RATE_HZ) / 700)
    band = np.minimum((mel / mel[-1] * _BANDS).astype(int), _BANDS - 1)
    starts = np.flatnonzero(np.diff(band, prepend=-1))
    bands = np.add.reduceat(power, starts, axis=1) / np.diff(np.append(starts, len(band)))
    return bands.astype(np.float32)


def _shapes(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Spectra in dB without their level and of length 1, so that the product of two is their cosine similarity."""
    decibels = np.log10(power + 1.0)
    decibels -= decibels.mean(axis=1, keepdims=True)
    return decibels / np.maximum(np.linalg.norm(decibels, axis=1, keepdims=True), 1e-6)


def _longest_loop(shapes: NDArray[np.float32]) -> int:
    """Frames of the longest passage that repeats the preceding period, for two periods or more.

    An unchanging sound repeats at any period: frames that are similar a third of a period earlier do not count.
    """
    longest = 0
    for period in _PERIODS:
        if len(shapes) <= 3 * period:
            break
        same = np.einsum("ij,ij->i", shapes[period:], shapes[:-period]) > _SAME
        near = np.einsum("ij,ij->i", shapes[period // 3 :], shapes[: -(period // 3)]) > _UNCHANGING
        # A period is not a whole number of frames: one frame in three may differ.
        run = _longest_run(np.convolve(same & ~near[-len(same) :], np.ones(9), "same") >= 6)
        if run >= 2 * period:
            longest = max(longest, run + period)
    return longest


def _collapsed_share(power: NDArray[np.float32], shapes: NDArray[np.float32], is_sounding: NDArray[np.bool_]) -> float:
    flatness = np.exp(np.log(power + 1.0).mean(axis=1)) / (power.mean(axis=1) + 1.0)
    unchanging = np.zeros(len(power), bool)
    step = 10  # a fifth of a second: voices do not keep a sound unchanged for so long throughout half a sentence
    unchanging[step:] = np.einsum("ij,ij->i", shapes[step:], shapes[:-step]) > 0.998
    return float((unchanging | (flatness > 0.6))[is_sounding].mean())


def find_runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The runs [start, end) of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _longest_run(flags: NDArray[np.bool_]) -> int:
    return max((end - start for start, end in find_runs(flags)), default=0)
