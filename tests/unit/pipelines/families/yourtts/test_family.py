from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from pipelines.catalog.catalog import Catalog
from pipelines.errors import BadInput, ModelUnavailable, UnsupportedOption
from pipelines.families.yourtts import load, voices
from pipelines.families.yourtts.family import YourTts
from pipelines.family import Recording, SynthesisInput
from pipelines.pipeline import StepInterrupted
from pipelines.requests import SynthesisRequest
from pipelines.tts.part_file import read_part
from tests.audio_factories import load_jfk, make_silence
from tests.checkpoints import FIXTURES, load_arrays
from tests.synthesis_runner import run_synthesis

FOLDER = FIXTURES / "yourtts"
ENTRY = replace(Catalog().get("yourtts", "tts"), source=str(FOLDER), threads=1)
TEXTS = ("Be a voice, not an echo.", "Yes.", "This cake is great!")
QUIET = {"noise_scale": 0.0, "duration_noise": 0.0}


def tick() -> None:
    """Never interrupts."""


@pytest.fixture(scope="module")
def family() -> YourTts:
    return YourTts(ENTRY, FOLDER, "cpu", precision="float32")


def make_input(text: str, **changes) -> SynthesisInput:
    return SynthesisInput(text, **{"voice": "", "language": "en", "seed": 7, "speed": 2.0, **changes})


def test_a_text_sounds_the_same_first_last_and_alone(family):
    requests = [make_input(text, seed=number) for number, text in enumerate(TEXTS)]
    alone = [family.synthesise([request], tick)[0] for request in requests]
    for together in (family.synthesise(requests, tick), family.synthesise(requests[::-1], tick)[::-1]):
        for one, other in zip(alone, together, strict=True):
            assert len(one.samples) == len(other.samples) > 0
            assert np.abs(one.samples.astype(int) - other.samples).max() <= 10  # of 32,767
            assert one.marks == other.marks


def test_sound_of_a_voice_is_that_of_the_original(family):
    """The clips of the fixture's first text, in the voice that a recording gave."""
    vector = load_arrays("yourtts", "expected")["se_d_vector"][0]
    text = "It took me quite a long time to develop a voice."
    request = make_input(text, speed=1.5, options={**QUIET, "reference": vector})
    (speech,) = family.synthesise([request], tick)
    original = load_arrays("yourtts", "expected")["audio_cloned_0_end"][0, 0]
    assert np.abs(speech.samples[-20_000:] / 32_767 - np.clip(original, -1, 1)).max() < 2e-4


def test_a_seed_decides_what_is_drawn(family):
    one, same, other = family.synthesise([make_input(TEXTS[0], seed=seed) for seed in (1, 1, 2)], tick)
    assert np.array_equal(one.samples, same.samples)
    assert not np.array_equal(one.samples[:1000], other.samples[:1000])


def test_double_speed_takes_about_half_the_time(family):
    slow, fast = family.synthesise([make_input(TEXTS[0], speed=speed, options=QUIET) for speed in (1.0, 2.0)], tick)
    assert 0.35 < len(fast.samples) / len(slow.samples) < 0.75


def test_marks_are_words_in_order_within_the_sound(family):
    (speech,) = family.synthesise([make_input(TEXTS[0])], tick)
    words = [TEXTS[0][mark.start_char : mark.end_char] for mark in speech.marks]
    assert words == ["Be", "a", "voice", "not", "an", "echo"]
    seconds = len(speech.samples) / 16_000
    assert all(0 <= mark.start_s < mark.end_s <= seconds + 1e-6 for mark in speech.marks)
    assert [mark.start_s for mark in speech.marks] == sorted(mark.start_s for mark in speech.marks)


def test_voices_and_languages_sound_different(family):
    sounds = [
        family.synthesise([make_input(TEXTS[0], options=QUIET, **changes)], tick)[0].samples[:2000].tobytes()
        for changes in ({}, {"voice": "male-en-2"}, {"language": "fr-FR"}, {"language": "pt"})
    ]
    assert len(set(sounds)) == 4
    assert [voice.id for voice in voices(ENTRY)] == ["female-en-5", "female-pt-4", "male-en-2"]


def test_what_is_not_there_is_refused_by_name(family):
    for changes, field in (({"voice": "bob"}, "voice"), ({"language": "de"}, "language")):
        with pytest.raises(UnsupportedOption) as refused:
            family.synthesise([make_input(TEXTS[0], **changes)], tick)
        assert refused.value.field == field


def test_characters_that_it_lacks_are_left_out_and_named(family):
    (speech,) = family.synthesise([make_input("日本語")], tick)
    assert len(speech.samples) == 0
    assert "'日'" in speech.warnings[0]


def test_the_voice_of_a_recording_is_used(family):
    recording = Recording(load_jfk()[:80_000], 16_000)
    vector = family.embed_speaker(recording)
    assert vector.shape == (512,) and vector.dtype == np.float32
    by_recording, by_vector = family.synthesise(
        [make_input(TEXTS[1], options={**QUIET, "reference": each}) for each in (recording, vector)], tick
    )
    assert np.abs(by_recording.samples.astype(int) - by_vector.samples).max() <= 10  # of 32,767


@pytest.mark.parametrize(
    "reference",
    [
        Recording(make_silence(3.0), 16_000),
        Recording(load_jfk()[:4_000], 16_000),
        np.zeros(3, np.float32),
        np.full(512, np.nan),
    ],
    ids=["silence", "too short", "vector of another size", "vector of no numbers"],
)
def test_a_reference_without_a_voice_is_refused(family, reference):
    with pytest.raises(BadInput) as refused:
        family.synthesise([make_input(TEXTS[0], options={"reference": reference})], tick)
    assert refused.value.field == "voice"


def test_without_a_speaker_encoder_a_recording_is_refused(tmp_path):
    for name in ("config.json", "language_ids.json", "model_file.pth", "speakers.json"):
        shutil.copy(FOLDER / name, tmp_path)
    family = load(replace(ENTRY, source=str(tmp_path)), "cpu")
    with pytest.raises(ModelUnavailable, match=r"model_se\.pth"):
        family.embed_speaker(Recording(load_jfk(), 16_000))
    assert len(family.synthesise([make_input(TEXTS[1])], tick)[0].samples)


def test_text_without_words_is_silence(family):
    assert [
        len(speech.samples)
        for speech in family.synthesise([make_input("..."), make_input(TEXTS[1]), make_input("")], tick)
    ][::2] == [
        0,
        0,
    ]
    assert family.synthesise([], tick) == []


def test_synthesis_stops_when_the_tick_raises(family):
    def stop() -> None:
        raise StepInterrupted

    with pytest.raises(StepInterrupted):
        family.synthesise([make_input(TEXTS[0])], stop)


def test_a_planted_pickle_is_refused_and_not_run(tmp_path):
    class Planted:
        def __reduce__(self):
            return (tmp_path / "was_run").touch, ()

    for name in ("config.json", "language_ids.json"):
        shutil.copy(FOLDER / name, tmp_path)
    torch.save({"model": {}, "optimizer": Planted()}, tmp_path / "model_file.pth")
    with pytest.raises(ModelUnavailable, match="could run code"):
        load(replace(ENTRY, source=str(tmp_path)), "cpu")
    assert not (tmp_path / "was_run").exists()


def test_rate_of_the_checkpoint_is_that_of_the_entry():
    with pytest.raises(ModelUnavailable, match="sample_rate_hz = 16000"):
        load(replace(ENTRY, sample_rate_hz=22_050), "cpu")


def test_a_job_without_a_language_has_that_of_its_voice_and_reports_it(family, tmp_path):
    request = SynthesisRequest(model="yourtts", text="Room 12.", speech_marks=True)
    run = run_synthesis(tmp_path, family, request)
    assert [warning["detail"] for warning in run.result.summary["warnings"]] == [
        "No `language` was given; yourtts reads the text as 'en'. Name it if it is another."
    ]
    (sentence,) = read_part(run.parts[0]).sentences
    assert (sentence.language, [word.text for word in sentence.words]) == ("en", ["Room", "12"])
