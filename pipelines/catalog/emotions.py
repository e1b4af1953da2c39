"""What an emotion does to a voice, as data, and how much of it a model can do.

Knows catalogue entries and figures of prosody; nothing of texts and sounds. Standard library only: the web process
imports this file through `support`.

For anger, joy, sadness, fear and disgust the directions are those of Murray & Arnott, "Toward the simulation of emotion
in synthetic speech" (JASA 93, 1993, the table of its summary), and of Scherer, "Vocal communication of emotion" (Speech
Communication 40, 2003). The amounts are ours, small enough to stay intelligible; for the other words so are the
directions. Neither paper's width of pitch and quality of voice can be set here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .entry import Entry

#: Spread of the noise that VITS and YourTTS are published with; `Delivery.variety` is times that.
_PUBLISHED_NOISE = 0.667


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a voice speaks, beside how it does by itself. The neutral one changes nothing."""

    #: Times the speed.
    rate: float = 1.0
    #: Semitones above (or below) the voice's own pitch.
    pitch: float = 0.0
    #: Standard deviations above (or below) the voice's own energy.
    energy: float = 0.0
    #: Times the length of the pauses between sentences.
    pauses: float = 1.0
    #: Times the liberty that a voice takes with its sound.
    variety: float = 1.0
    #: What belongs to it that no figure here gives.
    beyond: str = ""

    @property
    def noise_scale(self) -> float:
        """`variety` as the request's option of that name."""
        return round(_PUBLISHED_NOISE * self.variety, 3)


NEUTRAL = Delivery()

DELIVERIES: Mapping[str, Delivery] = {
    "neutral": NEUTRAL,
    "happy": Delivery(rate=1.08, pitch=2.0, energy=0.5, pauses=0.9, variety=1.2),
    "sad": Delivery(rate=0.87, pitch=-1.5, energy=-1.0, pauses=1.4, variety=0.8),
    "angry": Delivery(rate=1.1, pitch=1.5, energy=1.5, pauses=0.8, variety=1.2),
    "fearful": Delivery(rate=1.2, pitch=3.0, pauses=0.8, variety=1.3),
    "disgusted": Delivery(rate=0.8, pitch=-2.0, energy=-0.5, pauses=1.3),
    "surprised": Delivery(rate=1.05, pitch=3.0, energy=0.5, variety=1.3),
    "excited": Delivery(rate=1.15, pitch=2.5, energy=1.0, pauses=0.7, variety=1.3),
    "calm": Delivery(rate=0.92, pitch=-0.8, energy=-0.5, pauses=1.2, variety=0.85),
    "serious": Delivery(rate=0.95, pitch=-1.2, energy=0.3, pauses=1.15, variety=0.85),
    "tired": Delivery(rate=0.85, pitch=-2.0, energy=-1.0, pauses=1.4, variety=0.75),
    "whisper": Delivery(rate=0.92, energy=-2.5, pauses=1.1, beyond="breath"),
}

#: Option of an entry → field of a delivery, and what more and less of it sound like.
_CONTROLS: Mapping[str, tuple[str, str, str]] = {
    "speed": ("rate", "faster", "slower"),
    "pitch": ("pitch", "higher", "lower"),
    "energy": ("energy", "stronger", "softer"),
    "noise_scale": ("variety", "livelier", "more evenly"),
}
#: What stands in for controls of which a voice has none; that it is missing is no news.
_STAND_INS = ("noise_scale",)


def emotions_of(entry: Entry) -> Sequence[str]:
    """The emotions that a model can do something of: its own where it has ways for them, else those of the table."""
    if entry.emotions:
        return ("neutral", *entry.emotions)
    return tuple(name for name, delivery in DELIVERIES.items() if _can(entry, delivery))


def refusal(entry: Entry, emotion: str) -> str | None:
    """Why a model cannot be asked for an emotion; None where it can, if only in part."""
    name = emotion.lower()
    known = emotions_of(entry)
    if name in known:
        return None
    return f"{entry.name} cannot be asked for the emotion {emotion!r}; it can be for: {', '.join(known)}."


def delivery_of(entry: Entry, emotion: str) -> Delivery:
    """How a model is to speak; the neutral one where it cannot, or has a word of its own for the emotion."""
    return NEUTRAL if entry.emotions or refusal(entry, emotion) else DELIVERIES[emotion.lower()]


def shortfall(entry: Entry, emotion: str) -> str | None:
    """What a model does of an emotion and what it leaves out, as a warning; None where it leaves out nothing."""
    if reason := refusal(entry, emotion):
        return reason
    delivery = delivery_of(entry, emotion)
    changes = dict(_changes(delivery))
    lacks = [option for option in changes if option not in entry.options and option not in _STAND_INS]
    lacks += [delivery.beyond] if delivery.beyond else []
    if not lacks:
        return None
    does = [how for option, how in changes.items() if option in entry.options]
    if delivery.pauses != 1.0:
        does.append(f"with {'longer' if delivery.pauses > 1.0 else 'shorter'} pauses")
    return f"emotion {emotion.lower()}: {', '.join(does)}; {entry.name} has no control of {' and '.join(lacks)}."


def _can(entry: Entry, delivery: Delivery) -> bool:
    """Whether it can do anything of it by the voice itself: longer pauses alone are no emotion."""
    return delivery == NEUTRAL or any(option in entry.options for option, _ in _changes(delivery))


def _changes(delivery: Delivery) -> Iterator[tuple[str, str]]:
    """Options that a delivery sets, each with what it then sounds like."""
    for option, (field, more, less) in _CONTROLS.items():
        value, neutral = getattr(delivery, field), getattr(NEUTRAL, field)
        if value != neutral:
            yield option, more if value > neutral else less
