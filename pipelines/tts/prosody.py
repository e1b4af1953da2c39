"""Prosody of a text segment: speed, pitch and energy from the request, its markup and its emotion together.

Knows requests, catalogue entries and limits; nothing of words and languages. What a model cannot do becomes a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.catalog.emotions import NEUTRAL, describe_shortfall, get_emotion_prosody
from pipelines.catalog.entry import SynthesisEntry
from pipelines.requests import SynthesisRequest

#: Request fields that only the model interprets; catalog/capabilities.py rejects those that it does not have.
MODEL_OPTIONS = ("pitch", "energy", "noise_scale", "duration_noise", "vocoder")
#: `pitch` counts standard deviations of the voice's own pitch, about three semitones each.
_SEMITONES_PER_STEP = 3.0
#: Limit of `pitch` and `energy`, in standard deviations.
_MAX_STEPS = 3.0
_MIN_SPEED, _MAX_SPEED = 0.5, 2.0


class Prosody:
    """The prosody of one chunk; that of a segment's markup is added to it."""

    def __init__(self, request: SynthesisRequest, entry: SynthesisEntry, warn: Callable[[str], None]) -> None:
        """`warn` takes warnings for the user; a fallback model does what it can of a request made for another."""
        self._entry = entry
        self._warn = warn
        self._base_speed = request.speed
        self._options: dict[str, Any] = {
            name: value for name in MODEL_OPTIONS if (value := getattr(request, name)) is not None
        }
        self._emotion = NEUTRAL
        if request.emotion is not None:
            self._apply_emotion(request.emotion)

    @property
    def pause_speed(self) -> float:
        """The divisor of the pauses between sentences."""
        return self._base_speed / self._emotion.pauses

    def speed(self, rate: float) -> float:
        """The job's speed times the markup's `rate` and that of the emotion, within the limits."""
        if "speed" not in self._entry.options:
            if rate != 1.0:
                self._warn(f"prosody rate: {self._entry.name} speaks at one speed only.")
            return self._base_speed
        speed = self._base_speed * rate * self._emotion.rate
        if not _MIN_SPEED <= speed <= _MAX_SPEED:
            self._warn(f"Speeds are {_MIN_SPEED} to {_MAX_SPEED}; {speed:.2f} was brought within.")
        return min(_MAX_SPEED, max(_MIN_SPEED, speed))

    def options(self, semitones: float) -> dict[str, Any]:
        """Options for the family: the request's own, the markup's `semitones`, and those of the emotion."""
        options = dict(self._options)
        if semitones and "pitch" not in self._entry.options:
            self._warn(f"prosody pitch: {self._entry.name} has no control of pitch.")
        self._add(options, "pitch", (semitones + self._emotion.pitch) / _SEMITONES_PER_STEP)
        self._add(options, "energy", self._emotion.energy)
        if self._emotion.variety != 1.0 and "noise_scale" in self._entry.options:
            options.setdefault("noise_scale", self._emotion.noise_scale)
        return options

    def _apply_emotion(self, emotion: str) -> None:
        self._emotion = get_emotion_prosody(self._entry, emotion)
        if emotion.lower() in self._entry.emotions:
            self._options["emotion"] = emotion
        if shortfall := describe_shortfall(self._entry, emotion):
            self._warn(shortfall)

    def _add(self, options: dict[str, Any], name: str, steps: float) -> None:
        if not steps or name not in self._entry.options:
            return
        value = options.get(name, 0.0) + steps
        if abs(value) > _MAX_STEPS:
            self._warn(f"{name} goes from -{_MAX_STEPS:.0f} to {_MAX_STEPS:.0f}; {value:.2f} was brought within.")
        options[name] = min(_MAX_STEPS, max(-_MAX_STEPS, value))
