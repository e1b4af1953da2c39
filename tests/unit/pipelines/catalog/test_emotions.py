"""The table of emotions, and what each model of the catalogue can do of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.emotions import (
    EMOTIONS,
    NEUTRAL,
    describe_shortfall,
    explain_unsupported,
    get_emotion_prosody,
    supported_emotions,
)
from pipelines.catalog.entry import Entry
from pipelines.tts.assembly import PAUSES_S
from pipelines.tts.part_file import SpeechPart, read_part
from tests.pipeline_runner import PipelineRun, load_family
from tests.pitch import measure_pitch_hz


def entry(model: str) -> Entry:
    return Catalog().get(model, "tts")


def test_sadness_and_tiredness_are_slower_and_lower_joy_and_anger_faster_and_higher() -> None:
    for name in ("sad", "tired", "disgusted"):
        low = EMOTIONS[name]
        assert (low.rate < 1, low.pitch < 0, low.energy < 0, low.pauses > 1) == (True, True, True, True)
    for name in ("happy", "angry", "excited"):
        high = EMOTIONS[name]
        assert (high.rate > 1, high.pitch > 0, high.energy > 0, high.pauses < 1) == (True, True, True, True)


@pytest.mark.parametrize("name", EMOTIONS)
def test_every_prosody_leaves_room_for_speed_and_pitch_of_the_request(name: str) -> None:
    prosody = EMOTIONS[name]
    assert 0.75 <= prosody.rate <= 1.25
    assert abs(prosody.pitch) <= 3
    assert abs(prosody.energy) <= 2.5
    assert 0 <= prosody.noise_scale <= 1


@pytest.mark.parametrize("model", [each.name for each in Catalog().of_kind("tts")])
def test_every_model_takes_neutral_and_what_it_lists_and_refuses_others_with_that_list(model: str) -> None:
    known = supported_emotions(entry(model))
    assert known[0] == "neutral"
    assert all(explain_unsupported(entry(model), name.upper()) is None for name in known)
    assert str(explain_unsupported(entry(model), "sarcastic")).endswith(f"it can be for: {', '.join(known)}.")


@pytest.mark.parametrize(
    ("model", "does", "lacks"),
    [
        ("espeak", "faster, higher", "energy"),
        ("vits-ljs", "faster, livelier", "pitch and energy"),
        ("yourtts", "faster, livelier", "pitch and energy"),
        ("tacotron2", "faster", "pitch and energy"),
    ],
)
def test_a_warning_names_what_a_model_expresses_of_anger_and_what_it_lacks(model: str, does: str, lacks: str) -> None:
    told = f"emotion angry: {does}, with shorter pauses; {model} has no control of {lacks}."
    assert describe_shortfall(entry(model), "angry") == told
    assert get_emotion_prosody(entry(model), "angry") == EMOTIONS["angry"]


def test_there_is_no_warning_for_a_fully_supported_emotion_and_one_for_an_unsupported() -> None:
    assert describe_shortfall(entry("fastspeech2-ljspeech"), "angry") is None
    assert describe_shortfall(entry("speecht5"), "angry") == explain_unsupported(entry("speecht5"), "angry") is not None
    assert get_emotion_prosody(entry("speecht5"), "angry") == NEUTRAL


def test_bark_has_sounds_of_its_own_and_no_prosody() -> None:
    assert {"happy", "laughing", "singing"} <= set(supported_emotions(entry("bark")))
    assert get_emotion_prosody(entry("bark"), "happy") == NEUTRAL
    assert describe_shortfall(entry("bark"), "happy") is None
    assert "'calm'" in str(explain_unsupported(entry("bark"), "calm"))


def test_a_whisper_stays_voiced_with_a_warning() -> None:
    told = str(describe_shortfall(entry("fastspeech2-ljspeech"), "whisper"))
    assert told.startswith("emotion whisper: slower, softer,")
    assert told.endswith("has no control of breath.")


def test_a_sad_job_is_slower_lower_and_rests_longer_and_a_happy_one_the_other_way(tmp_path: Path) -> None:
    espeak = load_family(entry("espeak"))

    def spoken(emotion: str) -> tuple[SpeechPart, list[str]]:
        params = {"text": "Mama, we are along now. We are here.", "language": "en-US", "emotion": emotion}
        run = PipelineRun("tts.synthesize", tmp_path / emotion, {"model": "espeak", **params})
        told = run.run_all(None, espeak).summary.get("warnings", ())
        return read_part(run.parts[0]), [warning["detail"] for warning in told]

    try:
        parts, warnings = zip(*map(spoken, ("sad", "neutral", "happy")), strict=True)
    finally:
        espeak.close()
    words = [sum(sentence.end - sentence.start for sentence in part.sentences) for part in parts]
    assert words == sorted(words, reverse=True)
    assert words[0] / words[1] == pytest.approx(1 / EMOTIONS["sad"].rate, rel=0.1)
    rests = [after.start - before.end for part in parts for before, after in itertools.pairwise(part.sentences)]
    assert rests == [round(PAUSES_S["sentence"] * factor * 22_050) for factor in (1.4, 1.0, 0.9)]
    heights = [measure_pitch_hz(part.samples, part.sample_rate_hz) for part in parts]
    assert heights == sorted(set(heights))
    assert [bool(told) for told in warnings] == [True, False, True]
    assert warnings[0] == ["emotion sad: slower, lower, with longer pauses; espeak has no control of energy."]
