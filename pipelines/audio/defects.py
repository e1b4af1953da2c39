"""What can be heard to be wrong with a spoken sentence by its samples alone: clipping, rumble, silence, rate, loops …

Knows signals. The score is made of these faults and nothing else: it tells broken from sound, not good from better.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .file_resample import RateChange

#: The rate at which spectra are compared, Hz, and their step: 50 a second, as for levels.
RATE_HZ = 16_000
_HOP, _FRAME, _BANDS = 320, 512, 24
#: Samples at and above this, three or more in a row, were cut off.
FULL_SCALE = 32_700
#: A frame this far below the loudest is silence, dB.
_SILENCE_DB = 45.0
#: Levels are measured in frames of this length, seconds.
FRAME_S = 0.02
#: Limits beyond which a measure is a fault: share of samples; share of the power (Flite and eSpeak NG have 0.006 at
#: most); seconds; seconds; factor; seconds; share of frames.
MOST_CLIPPED = 0.001
MOST_RUMBLE = 0.1
LONGEST_LEAD_S = 1.0
LONGEST_SILENCE_S = 1.5
MOST_RATE = 1.7
LONGEST_LOOP_S = 1.2
MOST_COLLAPSED = 0.5
#: Points off 5 for a fault; "attention" is what a model itself tells (`Speech.faults`).
_COST = {
    "clipping": 1.0,
    "rumble": 1.0,
    "silence": 1.0,
    "rate": 1.0,
    "attention": 2.0,
    "repetition": 2.0,
    "collapse": 2.5,
    "no_sound": 4.0,
}
#: Sentences of fewer letters have no rate of their own; a voice has one from this many sentences on.
_FEWEST_LETTERS, _FEWEST_SENTENCES = 20, 6
#: The least and the most letters that anybody says in a second. Readers of 17 languages say about 4 to 9 syllables in
#: one (Coupé, Oh, Dediu and Pellegrino, "Different languages, similar encoding efficiency", Science Advances 5 (9),
#: 2019, pauses left out), and a syllable has two letters to three and a half: 8 to 30. A sentence has pauses as well.
ANYBODYS_RATES = (5.0, 30.0)
#: Loops are looked for with these periods, in frames (0.16 s to 1.6 s). Frames this like one another are the same; a
#: sound that stays this like itself is held.
_PERIODS = range(8, 80)
_SAME, _HELD = 0.93, 0.97


@dataclass(frozen=True, slots=True)
class Measures:
    """One sentence. Shares are 0–1."""

    #: Of samples that were cut off at full scale.
    clipped: float
    #: Seconds before the voice begins, and of the longest silence within.
    lead_s: float
    silence_s: float
    #: Letters in a second, at speed 1; 0 where the text is too short to tell.
    rate: float
    #: Seconds that the longest stretch goes on in which the same sounds return at least three times.
    loop_s: float = 0.0
    #: Share of the sounding frames that are one unchanging sound, or noise without any shape.
    collapsed: float = 0.0
    sounds: bool = True
    #: Share of the power that lies below 25 Hz, where no voice is: an offset, a drift.
    rumble: float = 0.0


def measured(samples: NDArray[np.int16], rate_hz: int, letters: float, speed: float = 1.0) -> Measures:
    """Measure a sentence that is as long to say as so many letters of an alphabet, and was to be said at `speed`."""
    frames = _frames(samples, rate_hz)
    if not samples.any() or len(frames) < 4:
        return Measures(clipped(samples), 0.0, 0.0, 0.0, sounds=bool(samples.any()))
    flags = sounding(samples, rate_hz)
    first, last = np.flatnonzero(flags)[[0, -1]]
    seconds = (last - first + 1) / 50
    loop, collapsed = _spectral_faults(samples, rate_hz)
    return Measures(
        clipped=clipped(samples),
        lead_s=float(first / 50),
        silence_s=_longest(~flags[first : last + 1]) / 50,
        rate=round(float(letters / seconds / speed), 2) if letters >= _FEWEST_LETTERS else 0.0,
        loop_s=loop,
        collapsed=collapsed,
        rumble=round(float(np.square(frames.mean(axis=1)).sum() / np.square(frames).mean(axis=1).sum()), 4),
    )


def faults(measures: Measures, rates: tuple[float, float]) -> Iterator[str]:
    """The names of what is wrong. `rates`: the least and the most letters in a second that are no fault."""
    if not measures.sounds:
        yield "no_sound"
        return
    if measures.clipped > MOST_CLIPPED:
        yield "clipping"
    if measures.rumble > MOST_RUMBLE:
        yield "rumble"
    if measures.lead_s > LONGEST_LEAD_S or measures.silence_s > LONGEST_SILENCE_S:
        yield "silence"
    if measures.rate and not rates[0] <= measures.rate <= rates[1]:
        yield "rate"
    if measures.loop_s > LONGEST_LOOP_S:
        yield "repetition"
    if measures.collapsed > MOST_COLLAPSED:
        yield "collapse"


def usual_rates(measures: Sequence[Measures]) -> tuple[float, float]:
    """The rates that are no fault of a voice: those around its own, by its sentences; anybody's where they are few."""
    rates = [each.rate for each in measures if each.rate]
    if len(rates) < _FEWEST_SENTENCES:
        return ANYBODYS_RATES
    own = statistics.median(rates)
    return own / MOST_RATE, own * MOST_RATE


def score(found: Sequence[str]) -> float:
    """5 = nothing wrong; 1 = nothing right."""
    return max(1.0, 5.0 - sum(_COST[name] for name in found))


def sounding(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.bool_]:
    """Whether something sounds, for each whole frame of `FRAME_S`."""
    power = np.square(_frames(samples, rate_hz)).mean(axis=1)
    level_db = 10 * np.log10(power + 1e-3)
    return level_db > level_db.max(initial=-30.0) - _SILENCE_DB


def _frames(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.float32]:
    step = int(rate_hz * FRAME_S)
    count = len(samples) // step
    return samples[: count * step].reshape(count, step).astype(np.float32)


def clipped(samples: NDArray[np.int16] | NDArray[np.float64]) -> float:
    """The share of samples that stand at full scale, three or more in a row."""
    full = np.abs(samples.astype(np.float32)) >= FULL_SCALE
    standing = full[:-2] & full[1:-1] & full[2:]
    return round(float(standing.mean()), 6) if len(standing) else 0.0


def _spectral_faults(samples: NDArray[np.int16], rate_hz: int) -> tuple[float, float]:
    change = RateChange(rate_hz, RATE_HZ)
    at_rate = np.concatenate([change.change(samples), change.finish()])
    if len(at_rate) < 4 * _FRAME:
        return 0.0, 0.0
    power = _spectra(at_rate)
    level_db = 10 * np.log10(power.sum(axis=1) + 1e-9)
    shapes = _shapes(power)
    sounding = level_db > level_db.max() - _SILENCE_DB
    return round(_loop(shapes) * _HOP / RATE_HZ, 2), round(_collapsed(power, shapes, sounding), 3)


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
    """Spectra in dB without their level, of length 1, so that their product says how alike two are."""
    decibels = np.log10(power + 1.0)
    decibels -= decibels.mean(axis=1, keepdims=True)
    return decibels / np.maximum(np.linalg.norm(decibels, axis=1, keepdims=True), 1e-6)


def _loop(shapes: NDArray[np.float32]) -> int:
    """Frames of the longest stretch that repeats what came a period before, for two periods or more.

    A held sound repeats itself at any period: frames like their neighbours a third of a period away do not count.
    """
    longest = 0
    for period in _PERIODS:
        if len(shapes) <= 3 * period:
            break
        same = np.einsum("ij,ij->i", shapes[period:], shapes[:-period]) > _SAME
        near = np.einsum("ij,ij->i", shapes[period // 3 :], shapes[: -(period // 3)]) > _HELD
        # A period is no whole number of frames: one frame in three may differ.
        run = _longest(np.convolve(same & ~near[-len(same) :], np.ones(9), "same") >= 6)
        if run >= 2 * period:
            longest = max(longest, run + period)
    return longest


def _collapsed(power: NDArray[np.float32], shapes: NDArray[np.float32], sounding: NDArray[np.bool_]) -> float:
    flatness = np.exp(np.log(power + 1.0).mean(axis=1)) / (power.mean(axis=1) + 1.0)
    held = np.zeros(len(power), bool)
    step = 10  # a fifth of a second: no voice holds a sound so long without any change, but for half a sentence
    held[step:] = np.einsum("ij,ij->i", shapes[step:], shapes[:-step]) > 0.998
    return float((held | (flatness > 0.6))[sounding].mean())


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches [start, end) of true ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _longest(flags: NDArray[np.bool_]) -> int:
    return max((end - start for start, end in runs(flags)), default=0)
