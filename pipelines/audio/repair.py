"""Repairs the faults of a spoken sentence that signal processing can repair: clipped peaks, long silence, rumble.

Wrong or missing words cannot be repaired by filters; those sentences are synthesised again: see
pipelines/tts/quality/repair.py. Knows samples only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .faults import FRAME_S, FULL_SCALE, MAX_LEAD_S, MAX_SILENCE_S, clipped_share, find_runs, find_sounding_frames

Samples = NDArray[np.int16]
Floats = NDArray[np.float64]

#: With a larger share of clipped samples the peaks cannot be reconstructed.
_MAX_CLIPPED = 0.05
#: Peaks are reconstructed up to 1.5 times full scale, above that too badly; then the sentence is scaled to -1 dB.
_MAX_PEAK, _TARGET_PEAK = 1.5 * FULL_SCALE, 29_204.0
#: Seconds of silence that are kept before a sentence and in a pause in it; of the ramps where silence was cut.
_LEAD_S, _PAUSE_S, _RAMP_S = 0.1, 0.6, 0.005
#: The high-pass filter removes all below the first frequency and keeps all above the second. Voices begin at 60 Hz.
_STOP_HZ, _PASS_HZ = 25.0, 50.0


@dataclass(frozen=True, slots=True)
class RepairedAudio:
    """The repaired samples, and the ranges [start, end) of the old ones that they are made of, in order."""

    samples: Samples
    kept: Sequence[tuple[int, int]]

    def map_position(self, at: int) -> int:
        """The new position of a sample of the old audio; the cut, for a sample that was removed."""
        return sum(min(max(at - start, 0), end - start) for start, end in self.kept)


def repair_faults(samples: Samples, rate_hz: int, faults: Collection[str]) -> RepairedAudio:
    """Repair those of `faults` that are `REPAIRABLE`; measuring whether it helped is left to the caller."""
    if not samples.any():
        return RepairedAudio(samples, [(0, len(samples))])
    sound: Floats = samples.astype(np.float64)
    for fault, repair in _REPAIRS.items():
        if fault in faults:
            sound = repair(sound, rate_hz)
    kept = _find_kept(samples, rate_hz) if "silence" in faults else [(0, len(samples))]
    joined = _join(sound, kept, round(_RAMP_S * rate_hz))
    return RepairedAudio(np.clip(np.rint(joined), -32_768, 32_767).astype(np.int16), kept)


def _remove_rumble(sound: Floats, rate_hz: int) -> Floats:
    """A zero-phase high-pass filter: a raised cosine between the two frequencies."""
    margin = min(rate_hz // 4, len(sound) - 1)
    padded = np.pad(sound - sound.mean(), margin, "reflect")
    hertz = np.fft.rfftfreq(len(padded), 1 / rate_hz)
    position = np.clip((hertz - _STOP_HZ) / (_PASS_HZ - _STOP_HZ), 0.0, 1.0)
    spectrum = np.fft.rfft(padded) * (0.5 - 0.5 * np.cos(np.pi * position))
    return np.fft.irfft(spectrum, len(padded))[margin : margin + len(sound)]


def _declip(sound: Floats, rate_hz: int) -> Floats:
    """Replace each run at full scale with the cubic Hermite spline through the samples on both sides."""
    if clipped_share(sound) > _MAX_CLIPPED:
        return sound
    declipped = sound.copy()
    for start, end in find_runs(np.abs(sound) >= FULL_SCALE):
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
        declipped[start:end] = sign * np.clip(sign * cubic, FULL_SCALE, _MAX_PEAK)
    return declipped * min(1.0, _TARGET_PEAK / max(1.0, float(np.abs(declipped).max())))


_REPAIRS: Mapping[str, Callable[[Floats, int], Floats]] = {"clipping": _declip, "rumble": _remove_rumble}
#: The faults that `repair_faults` can repair.
REPAIRABLE = frozenset(_REPAIRS) | {"silence"}


def _find_kept(samples: Samples, rate_hz: int) -> list[tuple[int, int]]:
    """The ranges to keep, so that long silence is shortened to a natural pause, half of it on either side."""
    flags = find_sounding_frames(samples, rate_hz)
    step = int(rate_hz * FRAME_S)
    if not flags.any():
        return [(0, len(samples))]
    first = int(np.flatnonzero(flags)[0]) * step
    start = first - int(_LEAD_S * rate_hz) if first > MAX_LEAD_S * rate_hz else 0
    margin = int(_PAUSE_S * rate_hz / 2)
    kept = []
    for begin, end in find_runs(~flags):
        if first < begin * step and end < len(flags) and (end - begin) * step > MAX_SILENCE_S * rate_hz:
            kept.append((start, begin * step + margin))
            start = end * step - margin
    return [*kept, (start, len(samples))]


def _join(sound: Floats, kept: Sequence[tuple[int, int]], ramp: int) -> Floats:
    """The kept ranges, with a ramp at every new edge, so that there are no clicks."""
    rising = np.linspace(0.0, 1.0, ramp)
    parts = []
    for start, end in kept:
        part = sound[start:end].copy()
        if start > 0:
            part[:ramp] *= rising
        if end < len(sound):
            part[-ramp:] *= rising[::-1]
        parts.append(part)
    return np.concatenate(parts)
