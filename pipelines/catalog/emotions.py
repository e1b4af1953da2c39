"""Emotions as changes of prosody, as data, and which of them a model can express.

Knows catalogue entries and values of prosody; nothing of texts and audio. Imports no model runtime: the web process
imports this file.

For anger, joy, sadness, fear and disgust the directions are those of Murray & Arnott, "Toward the simulation of emotion
in synthetic speech" (JASA 93, 1993, the table of its summary), and of Scherer, "Vocal communication of emotion" (Speech
Communication 40, 2003). The amounts are our own, small enough to stay intelligible, and for the other emotions so are
the directions. The pitch range and voice quality of these papers cannot be controlled here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .entry import SynthesisEntry

#: Standard deviation of the noise in the published VITS and YourTTS; `EmotionProsody.variety` is a factor on it.
_PUBLISHED_NOISE = 0.667


@dataclass(frozen=True, slots=True)
class EmotionProsody:
    """Changes of the voice's own prosody. The neutral one changes nothing."""

    #: Factor on the speed.
    rate: float = 1.0
    #: Semitones above (or below) the voice's own pitch.
    pitch: float = 0.0
    #: Standard deviations above (or below) the voice's own energy.
    energy: float = 0.0
    #: Factor on the length of the pauses between sentences.
    pauses: float = 1.0
    #: Factor on the random variation of the voice.
    variety: float = 1.0
    #: A part of the emotion that no control here expresses.
    uncontrolled: str = ""

    @property
    def noise_scale(self) -> float:
        """`variety` as the value of the request option `noise_scale`."""
        return round(_PUBLISHED_NOISE * self.variety, 3)


NEUTRAL = EmotionProsody()

EMOTIONS: Mapping[str, EmotionProsody] = {
    "neutral": NEUTRAL,
    "happy": EmotionProsody(rate=1.08, pitch=2.0, energy=0.5, pauses=0.9, variety=1.2),
    "sad": EmotionProsody(rate=0.87, pitch=-1.5, energy=-1.0, pauses=1.4, variety=0.8),
    "angry": EmotionProsody(rate=1.1, pitch=1.5, energy=1.5, pauses=0.8, variety=1.2),
    "fearful": EmotionProsody(rate=1.2, pitch=3.0, pauses=0.8, variety=1.3),
    "disgusted": EmotionProsody(rate=0.8, pitch=-2.0, energy=-0.5, pauses=1.3),
    "surprised": EmotionProsody(rate=1.05, pitch=3.0, energy=0.5, variety=1.3),
    "excited": EmotionProsody(rate=1.15, pitch=2.5, energy=1.0, pauses=0.7, variety=1.3),
    "calm": EmotionProsody(rate=0.92, pitch=-0.8, energy=-0.5, pauses=1.2, variety=0.85),
    "serious": EmotionProsody(rate=0.95, pitch=-1.2, energy=0.3, pauses=1.15, variety=0.85),
    "tired": EmotionProsody(rate=0.85, pitch=-2.0, energy=-1.0, pauses=1.4, variety=0.75),
    "whisper": EmotionProsody(rate=0.92, energy=-2.5, pauses=1.1, uncontrolled="breath"),
}

#: Option of an entry → field of `EmotionProsody`, and words for more and for less of it.
_CONTROLS: Mapping[str, tuple[str, str, str]] = {
    "speed": ("rate", "faster", "slower"),
    "pitch": ("pitch", "higher", "lower"),
    "energy": ("energy", "stronger", "softer"),
    "noise_scale": ("variety", "livelier", "more evenly"),
}
#: Controls that only support others; a model without them needs no warning.
_OPTIONAL_CONTROLS = ("noise_scale",)


def supported_emotions(entry: SynthesisEntry) -> Sequence[str]:
    """The emotions that a model can express at least in part: its own, else those of `EMOTIONS`."""
    if entry.emotions:
        return ("neutral", *entry.emotions)
    return tuple(name for name, prosody in EMOTIONS.items() if _can_express(entry, prosody))


def explain_unsupported(entry: SynthesisEntry, emotion: str) -> str | None:
    """Why a model does not support an emotion; None where it does, at least in part."""
    name = emotion.lower()
    known = supported_emotions(entry)
    if name in known:
        return None
    return f"{entry.name} cannot be asked for the emotion {emotion!r}; it can be for: {', '.join(known)}."


def get_emotion_prosody(entry: SynthesisEntry, emotion: str) -> EmotionProsody:
    """The prosody of an emotion; the neutral one where the model does not support it or has a control of its own."""
    return NEUTRAL if entry.emotions or explain_unsupported(entry, emotion) else EMOTIONS[emotion.lower()]


def describe_shortfall(entry: SynthesisEntry, emotion: str) -> str | None:
    """A warning that names what a model expresses of an emotion and what it lacks; None where it lacks nothing."""
    if reason := explain_unsupported(entry, emotion):
        return reason
    prosody = get_emotion_prosody(entry, emotion)
    changes = dict(_changes(prosody))
    lacks = [option for option in changes if option not in entry.options and option not in _OPTIONAL_CONTROLS]
    lacks += [prosody.uncontrolled] if prosody.uncontrolled else []
    if not lacks:
        return None
    does = [how for option, how in changes.items() if option in entry.options]
    if prosody.pauses != 1.0:
        does.append(f"with {'longer' if prosody.pauses > 1.0 else 'shorter'} pauses")
    return f"emotion {emotion.lower()}: {', '.join(does)}; {entry.name} has no control of {' and '.join(lacks)}."


def _can_express(entry: SynthesisEntry, prosody: EmotionProsody) -> bool:
    """Whether the voice can express any of it; other pauses alone are not an emotion."""
    return prosody == NEUTRAL or any(option in entry.options for option, _ in _changes(prosody))


def _changes(prosody: EmotionProsody) -> Iterator[tuple[str, str]]:
    """(option, word for the change) of each option that it changes."""
    for option, (field, more, less) in _CONTROLS.items():
        value, neutral = getattr(prosody, field), getattr(NEUTRAL, field)
        if value != neutral:
            yield option, more if value > neutral else less
