"""What a recording of a voice must be like, and what of it goes on to the work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import BadInput, UnreadableInput
from pipelines.pipeline import Limits, Span
from pipelines.reference_recordings import MIN_SPEECH_S, extract_references, read_references
from pipelines.requests import Reference, SynthesisRequest
from tests.audio_factories import JFK, load_jfk, make_noise, make_silence, make_sine, make_wav_bytes
from tests.pipeline_runner import DirectorySink

VOICE, OTHER = "voice_" + "a" * 32, "voice_" + "b" * 32


def given(root: Path, *recorded: bytes, **fields: object) -> tuple[SynthesisRequest, DirectorySink]:
    """A request for voices, and a sink in whose directory their recordings lie."""
    sink = DirectorySink(root / "plan")
    names = (VOICE, OTHER)[: len(recorded)]
    for name, data in zip(names, recorded, strict=True):
        (sink.directory / name).write_bytes(data)
    references = {name: Reference(sha256="0" * 64, bytes=1) for name in names}
    return SynthesisRequest.model_validate({"text": "x", "voice": VOICE, **fields, "references": references}), sink


def extract(root: Path, *recorded: bytes, **fields: object) -> dict[str, np.ndarray]:
    request, sink = given(root, *recorded, **fields)
    names = extract_references(request, sink, Limits())
    assert list(sink.directory.iterdir()) == []
    span = Span(0, 0, 1, 1, inputs=names)
    found = read_references(span, lambda k: sink.out / names[k])
    assert all(each.sample_rate_hz == 16_000 for each in found.values())
    return {voice: each.samples for voice, each in found.items()}


def test_speech_of_a_recording_is_extracted_without_its_silence(tmp_path: Path) -> None:
    quiet = make_silence(20.0)
    loose = make_wav_bytes(np.concatenate([quiet, load_jfk(), quiet]))
    samples = extract(tmp_path / "loose", loose)[VOICE]
    assert 8 <= len(samples) / 16_000 <= 11.5
    assert np.abs(samples).max() == np.abs(load_jfk()).max()


def test_at_most_half_a_minute_is_extracted(tmp_path: Path) -> None:
    samples = extract(tmp_path, make_wav_bytes(np.concatenate([load_jfk()] * 6)))[VOICE]
    assert 25 <= len(samples) / 16_000 <= 30


def test_every_voice_of_a_cast_keeps_its_own_recording(tmp_path: Path) -> None:
    half = make_wav_bytes(load_jfk()[: 16_000 * 6])
    found = extract(tmp_path, JFK.read_bytes(), half, voice=None, cast={"A": VOICE, "B": OTHER})
    assert len(found[VOICE]) > len(found[OTHER]) > MIN_SPEECH_S * 16_000


def test_request_without_recordings_leaves_nothing(tmp_path: Path) -> None:
    request, sink = given(tmp_path, voice="alan")
    assert extract_references(request, sink, Limits()) == []
    assert read_references(Span(0, 0, 1, 1), lambda k: sink.out / "none") == {}


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (make_silence(5.0), "no speech"),
        (make_noise(5.0), "no speech"),
        (make_sine(5.0), "no speech"),
        (load_jfk()[: 16_000 + 8_000], "2 s at least"),
    ],
    ids=["silence", "noise", "a tone", "a second of speech"],
)
def test_recording_without_enough_speech_is_refused_on_the_voice(
    tmp_path: Path, samples: np.ndarray, said: str
) -> None:
    request, sink = given(tmp_path, make_wav_bytes(samples))
    with pytest.raises(BadInput, match=said) as refused:
        extract_references(request, sink, Limits())
    assert refused.value.field == "voice"


def test_recording_that_is_none_is_refused_on_the_field_that_asks_for_it(tmp_path: Path) -> None:
    request, sink = given(tmp_path, JFK.read_bytes(), b"no recording", voice=None, cast={"A": VOICE, "B": OTHER})
    with pytest.raises(UnreadableInput) as refused:
        extract_references(request, sink, Limits())
    assert refused.value.field == "cast"
