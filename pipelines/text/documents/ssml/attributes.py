"""Parses the values of SSML attributes: times, rates, pitches, volumes. Every message names what is allowed.

Sections 3.2.3 (break) and 3.2.4 (prosody) of SSML 1.1 define them; the amounts of words like "fast" are our choice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

#: Seconds of silence.
STRENGTHS_S: Mapping[str, float] = {
    "none": 0.0,
    "x-weak": 0.1,
    "weak": 0.2,
    "medium": 0.4,
    "strong": 0.8,
    "x-strong": 1.2,
}
RATES: Mapping[str, float] = {
    "x-slow": 0.5,
    "slow": 0.8,
    "medium": 1.0,
    "default": 1.0,
    "fast": 1.25,
    "x-fast": 1.6,
}
#: Semitones.
PITCHES: Mapping[str, float] = {
    "x-low": -6.0,
    "low": -3.0,
    "medium": 0.0,
    "default": 0.0,
    "high": 3.0,
    "x-high": 6.0,
}
#: Decibels; None is silence.
VOLUMES: Mapping[str, float | None] = {
    "silent": None,
    "x-soft": -12.0,
    "soft": -6.0,
    "medium": 0.0,
    "default": 0.0,
    "loud": 4.0,
    "x-loud": 8.0,
}
#: Rate and decibels: the approximation of an emphasis that engines have no control for.
EMPHASES: Mapping[str, tuple[float, float]] = {
    "strong": (0.9, 3.0),
    "moderate": (0.95, 1.5),
    "none": (1.0, 0.0),
    "reduced": (1.05, -3.0),
}

MAX_BREAK_S = 60.0
_NUMBER = r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))"
_TIME = re.compile(r"\+?(\d+(?:\.\d*)?|\.\d+)(ms|s)")
_PERCENT = re.compile(_NUMBER + "%")
_PLAIN = re.compile(_NUMBER)
_SEMITONES = re.compile(_NUMBER + "st")
_DECIBELS = re.compile(_NUMBER + "dB", re.I)
_MIN_RATE, _MAX_RATE = 0.2, 5.0
_MAX_SEMITONES = 24.0
_MIN_DB, _MAX_DB = -60.0, 12.0


def parse_time(value: str) -> float:
    """Seconds of "1.5s" or "300ms". Raises ValueError."""
    found = _TIME.fullmatch(value.strip())
    if found is None:
        raise ValueError('must be a time such as "1.5s" or "300ms"')
    time_s = float(found.group(1)) / (1000 if found.group(2) == "ms" else 1)
    if time_s > MAX_BREAK_S:
        raise ValueError(f"is longer than {MAX_BREAK_S:.0f} s, the longest break")
    return time_s


def parse_rate(value: str) -> float:
    """Factor on the speed: of a word, "120%" (of the usual rate), "+20%" or a factor. Raises ValueError."""
    value = value.strip()
    if value in RATES:
        return RATES[value]
    if found := _PERCENT.fullmatch(value):
        times = float(found.group(1)) / 100 + (1.0 if value[0] in "+-" else 0.0)
    elif found := _PLAIN.fullmatch(value):
        times = float(found.group(1))
    else:
        raise ValueError(f'must be one of {", ".join(RATES)}, or such as "120%"')
    if not _MIN_RATE <= times <= _MAX_RATE:
        raise ValueError(f"must be between {_MIN_RATE:.0%} and {_MAX_RATE:.0%}")
    return times


def parse_pitch(value: str) -> float:
    """Semitones of a word, "+2st" or "-10%". Raises ValueError."""
    value = value.strip()
    if value in PITCHES:
        return PITCHES[value]
    if found := _SEMITONES.fullmatch(value):
        steps = float(found.group(1))
    elif (found := _PERCENT.fullmatch(value)) and value[0] in "+-" and float(found.group(1)) > -100:
        steps = 12 * math.log2(1 + float(found.group(1)) / 100)
    else:
        raise ValueError(f'must be one of {", ".join(PITCHES)}, or a change such as "+2st" or "-10%"')
    if abs(steps) > _MAX_SEMITONES:
        raise ValueError(f"must be within {_MAX_SEMITONES:.0f} semitones")
    return steps


def parse_volume(value: str) -> float | None:
    """Decibels of a word, "+6dB", or a number from 0 (silent) to 100 (as usual); None is silence. Raises ValueError."""
    value = value.strip()
    if value in VOLUMES:
        return VOLUMES[value]
    if found := _DECIBELS.fullmatch(value):
        gain = float(found.group(1))
    elif (found := _PLAIN.fullmatch(value)) and value[0] not in "+-" and float(value) <= 100:
        if not float(value):
            return None
        gain = max(_MIN_DB, 20 * math.log10(float(value) / 100))
    else:
        raise ValueError(f'must be one of {", ".join(VOLUMES)}, or such as "+6dB"')
    if not _MIN_DB <= gain <= _MAX_DB:
        raise ValueError(f"must be between {_MIN_DB:.0f} dB and +{_MAX_DB:.0f} dB")
    return gain
