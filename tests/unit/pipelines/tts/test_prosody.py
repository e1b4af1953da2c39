"""pipelines/tts/prosody.py: speed, pitch and energy of a segment, from the request, its markup and its emotion."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.requests import SynthesisRequest
from pipelines.tts.prosody import Prosody

ALL = ("speed", "pitch", "energy", "noise_scale")


def make_prosody(*options: str, emotions: dict[str, str] | None = None, **fields: Any) -> tuple[Prosody, list[str]]:
    """The prosody of a voice with these options, and its warnings."""
    entry = dataclasses.replace(
        Catalog().get("tone", "tts"), options=frozenset(options), emotions=emotions or {}, normalises=False
    )
    warnings: list[str] = []
    return Prosody(SynthesisRequest(text="x", **fields), entry, warnings.append), warnings


@pytest.mark.parametrize(("speed", "rate", "asked"), [(1.0, 1.25, 1.25), (1.5, 2.0, 2.0), (0.5, 0.5, 0.5)])
def test_speeds_multiply_and_stay_within_the_limits_of_a_request(speed: float, rate: float, asked: float) -> None:
    made, warnings = make_prosody("speed", speed=speed)
    assert made.speed(rate) == asked
    assert bool(warnings) == (speed * rate != asked)


def test_semitones_are_thirds_of_a_step_of_pitch_and_add_to_the_requests_own() -> None:
    made, warnings = make_prosody("pitch", pitch=0.5)
    assert made.options(3.0) == {"pitch": 1.5}
    assert made.options(0.0) == {"pitch": 0.5}
    assert not warnings
    assert made.options(-24.0) == {"pitch": -3.0}
    assert warnings == ["pitch goes from -3 to 3; -7.50 was brought within."]


def test_a_voice_of_one_speed_and_pitch_warns_where_the_markup_requests_others() -> None:
    made, warnings = make_prosody()
    assert (made.speed(1.0), made.options(0.0), warnings) == (1.0, {}, [])
    assert (made.speed(1.5), made.options(2.0)) == (1.0, {})
    assert warnings == ["prosody rate: tone speaks at one speed only.", "prosody pitch: tone has no control of pitch."]


def test_an_emotion_comes_on_top_of_speed_pitch_energy_and_pauses() -> None:
    made, warnings = make_prosody(*ALL, emotion="Sad", speed=1.5, pitch=1.0, energy=-0.5)
    assert made.speed(0.8) == pytest.approx(1.5 * 0.8 * 0.87)
    assert made.options(1.5) == {"pitch": 1.0, "energy": -1.5, "noise_scale": 0.534}
    assert made.pause_speed == pytest.approx(1.5 / 1.4)
    assert warnings == []


def test_an_emotion_stays_within_the_limits_of_the_options() -> None:
    made, warnings = make_prosody(*ALL, emotion="excited", speed=2.0, pitch=2.5, energy=2.5, noise_scale=0.2)
    assert made.speed(1.0) == 2.0
    assert made.options(0.0) == {"pitch": 3.0, "energy": 3.0, "noise_scale": 0.2}
    assert warnings == [
        "Speeds are 0.5 to 2.0; 2.30 was brought within.",
        "pitch goes from -3 to 3; 3.33 was brought within.",
        "energy goes from -3 to 3; 3.50 was brought within.",
    ]


def test_parts_of_an_emotion_that_a_voice_lacks_are_a_warning() -> None:
    made, warnings = make_prosody("speed", emotion="sad")
    assert (made.speed(1.0), made.options(0.0)) == (0.87, {})
    assert warnings == ["emotion sad: slower, with longer pauses; tone has no control of pitch and energy."]


def test_an_emotion_that_the_model_has_a_word_for_is_its_own_business() -> None:
    made, warnings = make_prosody("speed", emotion="sad", emotions={"sad": "[sighs]"})
    assert (made.speed(1.0), made.pause_speed, made.options(0.0)) == (1.0, 1.0, {"emotion": "sad"})
    assert warnings == []


def test_a_fallback_model_without_an_emotion_speaks_neutrally_with_a_warning() -> None:
    made, warnings = make_prosody(emotion="sad")
    assert (made.speed(1.0), made.pause_speed, made.options(0.0)) == (1.0, 1.0, {})
    assert warnings == ["tone cannot be asked for the emotion 'sad'; it can be for: neutral."]


def test_neutral_changes_nothing_in_any_model() -> None:
    made, warnings = make_prosody(*ALL, emotion="neutral")
    assert (made.speed(1.0), made.pause_speed, made.options(0.0), warnings) == (1.0, 1.0, {}, [])
