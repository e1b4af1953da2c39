"""Recordings of enrolled voices that go with a job."""

from __future__ import annotations

import pytest

from api.submission.errors import InvalidField
from api.submission.job_inputs import JobInputs
from api.submission.voice_references import copy_parent_references, copy_references
from jobs.job import NewJob
from jobs.storage.object_keys import input_key, reference_key
from jobs.voice import NewVoice
from tests.unit.api.conftest import TENANT

JOB = f"job_{'7' * 32}"


@pytest.fixture
def inputs(services):
    return JobInputs(services.storage, services.uncertain_inputs, TENANT, JOB)


@pytest.fixture
def voice(services):
    """A voice of the tenant with this recording."""

    def make(number: int, recording: bytes) -> str:
        voice_id = f"voice_{number:032x}"
        reference = services.storage.put_bytes(reference_key(TENANT, voice_id, "x"), recording)
        return services.store.voices.add(NewVoice(voice_id, TENANT, f"Voice {number}", reference)).id

    return make


def test_each_recording_is_copied_once(services, inputs, voice, objects, monkeypatch):
    same, again, other = voice(1, b"one"), voice(2, b"one"), voice(3, b"other")
    enrolled = dict.fromkeys((same, again, other), "cast")
    references = copy_references(services.store.voices, inputs, TENANT, enrolled)
    assert {voice_id: reference["name"] for voice_id, reference in references.items()} == {
        same: "Voice 1",
        again: "Voice 2",
        other: "Voice 3",
    }
    copies = [key for key in objects() if key.startswith("jobs/")]
    assert copies == sorted({inputs.key(reference["sha256"]) for reference in references.values()})
    assert len(copies) == 2


def test_voice_that_the_tenant_does_not_have_is_refused_with_the_field_that_names_it(services, inputs, voice):
    enrolled = {voice(1, b"one"): "voice"}
    with pytest.raises(InvalidField) as raised:
        copy_references(services.store.voices, inputs, "other", enrolled)
    assert (raised.value.field, raised.value.code) == ("voice", "unknown_voice")


def test_retry_copies_the_recordings_of_its_parent_not_of_the_voices(services, inputs, voice, objects):
    reference = {"sha256": "a" * 64, "bytes": 3, "name": "Ann"}
    params = {"references": {"voice_1": reference, "voice_2": reference}}
    parent = services.store.jobs.submit(
        NewJob(tenant_id=TENANT, kind="tts.synthesize", model="yourtts", params=params)
    ).job
    services.storage.put_bytes(input_key(TENANT, parent.id, "a" * 64), b"one")
    copy_parent_references(inputs, parent)
    assert inputs.key("a" * 64) in objects()
