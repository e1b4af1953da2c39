"""SpeechBrain's encoders as a family: int16 turns in, one pass for each, and a recording diarised with one."""

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
from pipelines.family import EmbeddingInput, SynthesisInput
from tests.audio_factories import load_jfk, make_wav
from tests.checkpoints import FIXTURES, load_arrays
from tests.material.make_speechbrain import SLICES
from tests.pipeline_runner import PipelineRun, load_family


def entry(name: str):
    fixture = {"spkrec-ecapa-voxceleb": "ecapa", "spkrec-xvect-voxceleb": "xvector"}[name]
    return replace(Catalog().get(name, "speaker"), source=str(FIXTURES / "speechbrain" / fixture))


@pytest.mark.parametrize(
    ("name", "fixture"), [("spkrec-ecapa-voxceleb", "ecapa"), ("spkrec-xvect-voxceleb", "xvector")]
)
def test_embeddings_are_those_of_the_original(name, fixture):
    torch.set_num_threads(1)
    family = speechbrain.load(entry(name), "cpu")
    found = family.embed([EmbeddingInput(load_jfk()[start:end]) for start, end in SLICES.values()], lambda: None)
    for vector, excerpt in zip(found, SLICES, strict=True):
        expected = load_arrays(f"speechbrain/{fixture}", "expected")[f"{excerpt}_vector"]
        assert np.abs(vector - expected / np.linalg.norm(expected)).max() < 1e-4


def test_family_stands_for_the_better_of_the_two():
    assert Catalog().get("speechbrain", "speaker").name == "spkrec-ecapa-voxceleb"


def test_absent_weights_are_named(tmp_path):
    with pytest.raises(ModelUnavailable, match="embedding_model"):
        speechbrain.load(replace(entry("spkrec-ecapa-voxceleb"), source=str(tmp_path)), "cpu")


def test_speakers_of_a_recording_are_separated_with_it(tmp_path):
    tone = load_family(Catalog().named("tone"))
    (speech,) = tone.synthesise([SynthesisInput("one two three. " * 8, "tone", "en")], lambda: None)
    name = "spkrec-ecapa-voxceleb"
    params = {
        "model": "tone-listener",
        "language": "en",
        "diarize": True,
        "speaker_model": name,
        "min_speakers": 2,
        "max_speakers": 2,
    }
    run = PipelineRun("stt.transcribe", tmp_path, params)
    check_transcription(run.entry, run.request, Catalog())
    source = make_wav(tmp_path / "talk.wav", speech.samples, rate_hz=speech.sample_rate_hz)
    run.run_all(source, others={name: speechbrain.load(entry(name), "cpu")})
    segments = json.loads(run.read_text("transcript.json"))["segments"]
    assert {segment["speaker"] for segment in segments} == {"speaker_1", "speaker_2"}
