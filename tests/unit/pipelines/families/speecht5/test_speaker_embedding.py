"""SpeechT5 with the voice of a recording: the x-vector of SpeechBrain's encoder, or why there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.catalog.capabilities import check_synthesis
from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.errors import BadInput, UnsupportedOption
from pipelines.families.speecht5 import load
from pipelines.families.speecht5.family import SpeechT5
from pipelines.families.speecht5.speaker_embedding import COMPONENT
from pipelines.family import Recording, Speech, SynthesisInput
from pipelines.requests import SynthesisRequest
from tests.audio_factories import load_jfk, make_silence, make_wav_bytes
from tests.checkpoints import FIXTURES, load_arrays
from tests.material.make_speechbrain import SLICES
from tests.pipeline_runner import PipelineRun
from tests.speech_checkpoints import write_hifigan, write_speecht5

TEXT = "The cat sat on the mat."
XVECTORS = FIXTURES / "speechbrain" / "xvector"
#: Numbers of the fixture's vectors.
WIDTH = 32
JOHN = Recording(load_jfk(), 16_000)
#: The same man played too slowly: lower, and so somebody else.
OTHER = Recording(load_jfk(), 13_000)


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("speecht5")
    folder = write_speecht5(root / "model", speaker_embedding_dim=WIDTH)
    vocoder = write_hifigan(root / "vocoder", kind="SpeechT5")
    found = Catalog().get("speecht5", "tts")
    assert COMPONENT in found.components and "reference" in found.options
    components = {"vocoder": str(vocoder), COMPONENT: str(XVECTORS)}
    return replace(found, source=str(folder), components=components, threads=1)


@pytest.fixture(scope="module")
def family(entry: Entry) -> SpeechT5:
    return load(entry, "cpu")


def tick() -> None:
    """Never interrupts."""


def synthesise_with_voice(family: SpeechT5, voice: Any) -> Speech:
    return family.synthesise([SynthesisInput(TEXT, "John", "en", options={"reference": voice})], tick)[0]


def test_a_recordings_vector_is_the_x_vector_of_the_original_at_length_one(family: SpeechT5) -> None:
    start, end = SLICES["three_seconds"]
    expected = load_arrays("speechbrain/xvector", "expected")["three_seconds_vector"]
    found = family.embed_speaker(Recording(load_jfk()[start:end], 16_000))
    assert found.shape == (WIDTH,) and found.dtype == np.float32
    assert np.abs(found - expected / np.linalg.norm(expected)).max() < 1e-4


def test_it_synthesises_in_the_voice_of_the_recording(family: SpeechT5) -> None:
    john = synthesise_with_voice(family, JOHN).samples
    assert np.abs(john.astype(int)).max() > 500
    assert np.array_equal(john, synthesise_with_voice(family, family.embed_speaker(JOHN)).samples)
    assert not np.array_equal(john, synthesise_with_voice(family, OTHER).samples)


def test_the_embedding_of_a_recording_is_computed_once_for_all_chunks(entry: Entry) -> None:
    family = load(entry, "cpu")
    computed = []
    model = family._reference_encoder._encoder._model
    model.register_forward_hook(lambda *_: computed.append(1))
    requests = [SynthesisInput(TEXT, "John", "en", seed=n, options={"reference": JOHN}) for n in range(3)]
    first = family.synthesise(requests, tick)
    again = family.synthesise(requests[:1], tick)
    assert len(computed) == 1
    assert len(first[0].samples) == len(again[0].samples)
    synthesise_with_voice(family, OTHER)
    assert len(computed) == 2


def test_a_recording_without_speech_is_refused(family: SpeechT5) -> None:
    with pytest.raises(BadInput, match="Nobody speaks") as refused:
        synthesise_with_voice(family, Recording(make_silence(3.0), 16_000))
    assert refused.value.field == "voice"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, "no encoder that makes x-vectors.*speaker_encoder.*models.toml"),
        ({COMPONENT: "/nowhere/xvect"}, "cannot use the voice of a recording.*tell the operator"),
        ({COMPONENT: str(FIXTURES / "speechbrain" / "ecapa")}, "x-vectors of 32 numbers.*computes 24"),
    ],
    ids=["not named", "not there", "another encoder"],
)
def test_without_the_encoder_a_recording_is_refused_and_a_vector_is_not(
    entry: Entry, changed: dict[str, str], message: str
) -> None:
    family = load(replace(entry, components={"vocoder": entry.components["vocoder"], **changed}), "cpu")
    with pytest.raises(UnsupportedOption, match=message) as refused:
        synthesise_with_voice(family, JOHN)
    assert refused.value.field == "voice"
    assert len(synthesise_with_voice(family, np.ones(WIDTH, np.float32)).samples) > 0
    assert family.synthesise([SynthesisInput(TEXT, "voice-1", "en")], tick)[0].samples.any()


def test_the_log_says_why_an_encoder_cannot_be_loaded(entry: Entry, capfd: pytest.CaptureFixture[str]) -> None:
    load(replace(entry, components={"vocoder": entry.components["vocoder"], COMPONENT: "/nowhere/xvect"}), "cpu")
    assert "no directory '/nowhere/xvect'" in capfd.readouterr().err


def test_the_revision_is_that_of_both_checkpoints(entry: Entry, family: SpeechT5) -> None:
    alone = load(replace(entry, options=frozenset()), "cpu").revision
    assert family.revision.startswith(f"{alone}+sha256:")


def test_a_whole_job_uses_the_voice_of_an_enrolled_recording(family: SpeechT5, tmp_path: Path) -> None:
    sounds = []
    for number, rate_hz in enumerate((16_000, 13_000)):
        voice = "voice_" + f"{number}" * 32
        wanted = {
            "text": f"{TEXT}\n\nWell, well.",
            "model": "speecht5",
            "format": "wav",
            "voice": voice,
            "references": {voice: {"sha256": "0" * 64, "bytes": 1}},
        }
        check_synthesis(family.entry, SynthesisRequest(**wanted), Catalog())
        run = PipelineRun("tts.synthesize", tmp_path / voice, wanted)
        (run.sink.directory / voice).write_bytes(make_wav_bytes(load_jfk(), rate_hz=rate_hz))
        run.run_all(None, family)
        sounds.append((run.sink.out / "audio.wav").read_bytes())
    assert sounds[0] != sounds[1]
