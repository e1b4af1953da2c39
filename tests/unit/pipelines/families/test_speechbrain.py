"""SpeechBrain's encoders as a family: int16 turns in, one pass for each, and a recording told apart with one."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from pipelines.catalog.capabilities import check_transcription
from pipelines.catalog.catalog import Catalog
from pipelines.errors import ModelUnavailable
from pipelines.families import speechbrain
from pipelines.family import EmbedRequest, SpeakRequest
from tests.checkpoints import FIXTURES, arrays
from tests.factories import jfk, make_wav
from tests.in_process import Run, load
from tests.material.make_speechbrain import STRETCHES


def entry(name: str):
    fixture = {"spkrec-ecapa-voxceleb": "ecapa", "spkrec-xvect-voxceleb": "xvector"}[name]
    return replace(Catalog().get(name, "speaker"), source=str(FIXTURES / "speechbrain" / fixture))


@pytest.mark.parametrize(
    ("name", "fixture"), [("spkrec-ecapa-voxceleb", "ecapa"), ("spkrec-xvect-voxceleb", "xvector")]
)
def test_turns_are_heard_as_the_original_hears_them(name, fixture):
    torch.set_num_threads(1)
    family = speechbrain.load(entry(name), "cpu")
    found = family.embed([EmbedRequest(jfk()[start:end]) for start, end in STRETCHES.values()], lambda: None)
    for vector, stretch in zip(found, STRETCHES, strict=True):
        expected = arrays(f"speechbrain/{fixture}", "expected")[f"{stretch}_vector"]
        assert np.abs(vector - expected / np.linalg.norm(expected)).max() < 1e-4


def test_family_stands_for_the_better_of_the_two():
    assert Catalog().get("speechbrain", "speaker").name == "spkrec-ecapa-voxceleb"


def test_absent_weights_are_named(tmp_path):
    with pytest.raises(ModelUnavailable, match="embedding_model"):
        speechbrain.load(replace(entry("spkrec-ecapa-voxceleb"), source=str(tmp_path)), "cpu")


def test_a_recording_is_told_apart_with_it(tmp_path):
    tone = load(Catalog().named("tone"))
    (speech,) = tone.speak([SpeakRequest("one two three. " * 8, "tone", "en")], lambda: None)
    name = "spkrec-ecapa-voxceleb"
    params = {
        "model": "tone-listener",
        "language": "en",
        "diarize": True,
        "speaker_model": name,
        "min_speakers": 2,
        "max_speakers": 2,
    }
    run = Run("stt.transcribe", tmp_path, params)
    check_transcription(run.entry, run.request, Catalog())
    source = make_wav(tmp_path / "talk.wav", speech.samples, rate_hz=speech.sample_rate_hz)
    run.all(source, others={name: speechbrain.load(entry(name), "cpu")})
    segments = json.loads(run.text("transcript.json"))["segments"]
    assert {segment["speaker"] for segment in segments} == {"speaker_1", "speaker_2"}
