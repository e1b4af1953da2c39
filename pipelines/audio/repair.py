"""What signal processing can honestly put right in a spoken sentence: cut-off peaks, silence too long, rumble.

What was said wrong, or never, is not mended by filters: see pipelines/tts/quality/repair.py for what is said once more
instead. Knows samples; whether mending was worth it is for others to measure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .defects import FRAME_S, FULL_SCALE, LONGEST_LEAD_S, LONGEST_SILENCE_S, clipped, runs, sounding

Samples = NDArray[np.int16]
Floats = NDArray[np.float64]

#: Where more than this share of the samples was cut off, nobody knows any more what was there.
_MOST_CLIPPED = 0.05
#: Peaks come back up to 1.5 times full scale: what lies above is guessed badly. Then the sentence is brought to -1 dB.
_HIGHEST, _PEAK = 1.5 * FULL_SCALE, 29_204.0
#: Seconds of silence that stay before a sentence, and in a pause within it; of the ramps where silence was cut.
_LEAD_S, _PAUSE_S, _RAMP_S = 0.1, 0.6, 0.005
#: Nothing of what is below the first frequency stays, and all of what is above the second (Hz). Voices begin at 60.
_NOTHING_HZ, _ALL_HZ = 25.0, 50.0


@dataclass(frozen=True, slots=True)
class Repair:
    """Mended samples, and the stretches [start, end) of the old ones that they are made of, in order."""

    samples: Samples
    kept: Sequence[tuple[int, int]]

    def place(self, at: int) -> int:
        """Where a sample of the old sound is in the new one; of one that was cut, where the cut is."""
        return sum(min(max(at - start, 0), end - start) for start, end in self.kept)


def mended(samples: Samples, rate_hz: int, faults: Collection[str]) -> Repair:
    """`samples` with as much put right of `faults` as can be; which those may be: `MENDABLE`."""
    if not samples.any():
        return Repair(samples, [(0, len(samples))])
    sound: Floats = samples.astype(np.float64)
    for fault, repaired in _REPAIRS.items():
        if fault in faults:
            sound = repaired(sound, rate_hz)
    kept = _kept(samples, rate_hz) if "silence" in faults else [(0, len(samples))]
    joined = _joined(sound, kept, round(_RAMP_S * rate_hz))
    return Repair(np.clip(np.rint(joined), -32_768, 32_767).astype(np.int16), kept)


def _without_rumble(sound: Floats, rate_hz: int) -> Floats:
    """A filter without phase: a raised cosine between the two frequencies."""
    margin = min(rate_hz // 4, len(sound) - 1)
    padded = np.pad(sound - sound.mean(), margin, "reflect")
    hertz = np.fft.rfftfreq(len(padded), 1 / rate_hz)
    way = np.clip((hertz - _NOTHING_HZ) / (_ALL_HZ - _NOTHING_HZ), 0.0, 1.0)
    spectrum = np.fft.rfft(padded) * (0.5 - 0.5 * np.cos(np.pi * way))
    return np.fft.irfft(spectrum, len(padded))[margin : margin + len(sound)]


def _declipped(sound: Floats, rate_hz: int) -> Floats:
    """Each run at full scale becomes the cubic that goes on as the samples on both sides do (Hermite's)."""
    if clipped(sound) > _MOST_CLIPPED:
        return sound
    whole = sound.copy()
    for start, end in runs(np.abs(sound) >= FULL_SCALE):
        if end - start < 2 or start < 2 or end + 2 > len(sound):
            continue
        steps = end - start + 1
        t = np.arange(1, steps) / steps
        before, after = sound[start - 1], sound[end]
        rising, falling = (before - sound[start - 2]) * steps, (sound[end + 1] - after) * steps
        cubic = (
            (2 * t**3 - 3 * t**2 + 1) * before
            + (t**3 - 2 * t**2 + t) * rising
            + (3 * t**2 - 2 * t**3) * after
            + (t**3 - t**2) * falling
        )
        sign = np.sign(sound[start])
        whole[start:end] = sign * np.clip(sign * cubic, FULL_SCALE, _HIGHEST)
    return whole * min(1.0, _PEAK / max(1.0, float(np.abs(whole).max())))


_REPAIRS: Mapping[str, Callable[[Floats, int], Floats]] = {"clipping": _declipped, "rumble": _without_rumble}
#: The faults that `mended` knows.
MENDABLE = frozenset(_REPAIRS) | {"silence"}


def _kept(samples: Samples, rate_hz: int) -> list[tuple[int, int]]:
    """What stays when silence that is too long is cut to a natural pause, half of it on either side."""
    flags = sounding(samples, rate_hz)
    step = int(rate_hz * FRAME_S)
    if not flags.any():
        return [(0, len(samples))]
    first = int(np.flatnonzero(flags)[0]) * step
    start = first - int(_LEAD_S * rate_hz) if first > LONGEST_LEAD_S * rate_hz else 0
    air = int(_PAUSE_S * rate_hz / 2)
    kept = []
    for begin, end in runs(~flags):
        if first < begin * step and end < len(flags) and (end - begin) * step > LONGEST_SILENCE_S * rate_hz:
            kept.append((start, begin * step + air))
            start = end * step - air
    return [*kept, (start, len(samples))]


def _joined(sound: Floats, kept: Sequence[tuple[int, int]], ramp: int) -> Floats:
    """Only what is kept, with a ramp at every edge that was none before, so that nothing clicks."""
    rising = np.linspace(0.0, 1.0, ramp)
    stretches = []
    for start, end in kept:
        stretch = sound[start:end].copy()
        if start > 0:
            stretch[:ramp] *= rising
        if end < len(sound):
            stretch[-ramp:] *= rising[::-1]
        stretches.append(stretch)
    return np.concatenate(stretches)
