"""How fast, how high, how strongly a piece is to be said: what the request, its markup and its emotion ask together.

Knows requests, catalogue entries and limits; nothing of words and languages. What a model cannot do is a warning here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.catalog.emotions import NEUTRAL, delivery_of, shortfall
from pipelines.catalog.entry import Entry
from pipelines.requests import SynthesisRequest

#: Fields of a request that are the model's business alone; `support` refuses them where it has none.
MODEL_OPTIONS = ("pitch", "energy", "noise_scale", "duration_noise", "vocoder")
#: Voices vary by about three semitones around their own pitch; `pitch` counts such steps.
_SEMITONES = 3.0
#: Of `pitch` and `energy`, in steps.
_MOST_STEPS = 3.0
_SLOWEST, _FASTEST = 0.5, 2.0


class Manner:
    """The manner of one chunk; what the markup says of a piece comes on top."""

    def __init__(self, request: SynthesisRequest, entry: Entry, warn: Callable[[str], None]) -> None:
        """`warn` takes what the user should know; a model that stands in for another does what it can."""
        self._entry = entry
        self._warn = warn
        self._base_speed = request.speed
        self._asked: dict[str, Any] = {
            name: value for name in MODEL_OPTIONS if (value := getattr(request, name)) is not None
        }
        self._delivery = NEUTRAL
        if request.emotion is not None:
            self._feel(request.emotion)

    @property
    def pause_speed(self) -> float:
        """What pauses between sentences are divided by."""
        return self._base_speed / self._delivery.pauses

    def speed(self, rate: float) -> float:
        """The job's speed times a rate of the markup and that of the emotion."""
        if "speed" not in self._entry.options:
            if rate != 1.0:
                self._warn(f"prosody rate: {self._entry.name} speaks at one speed only.")
            return self._base_speed
        wanted = self._base_speed * rate * self._delivery.rate
        if not _SLOWEST <= wanted <= _FASTEST:
            self._warn(f"Speeds are {_SLOWEST} to {_FASTEST}; {wanted:.2f} was brought within.")
        return min(_FASTEST, max(_SLOWEST, wanted))

    def options(self, semitones: float) -> dict[str, Any]:
        """Options for the family: the request's own, `semitones` of the markup, and what the emotion adds."""
        options = dict(self._asked)
        if semitones and "pitch" not in self._entry.options:
            self._warn(f"prosody pitch: {self._entry.name} has no control of pitch.")
        self._add(options, "pitch", (semitones + self._delivery.pitch) / _SEMITONES)
        self._add(options, "energy", self._delivery.energy)
        if self._delivery.variety != 1.0 and "noise_scale" in self._entry.options:
            options.setdefault("noise_scale", self._delivery.noise_scale)
        return options

    def _feel(self, emotion: str) -> None:
        self._delivery = delivery_of(self._entry, emotion)
        if emotion.lower() in self._entry.emotions:
            self._asked["emotion"] = emotion
        if told := shortfall(self._entry, emotion):
            self._warn(told)

    def _add(self, options: dict[str, Any], name: str, steps: float) -> None:
        if not steps or name not in self._entry.options:
            return
        wanted = options.get(name, 0.0) + steps
        if abs(wanted) > _MOST_STEPS:
            self._warn(f"{name} goes from -{_MOST_STEPS:.0f} to {_MOST_STEPS:.0f}; {wanted:.2f} was brought within.")
        options[name] = min(_MOST_STEPS, max(-_MOST_STEPS, wanted))
