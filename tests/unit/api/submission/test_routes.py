"""Jobs that are made from a job: retry, patch."""

from __future__ import annotations

import pytest

from jobs.job import NewJob
from tests.unit.api.conftest import TENANT

AUDIO = {"audio.wav": ("audio/wav", b"RIFF" * 1000)}


def accept(services, **changes):
    new = NewJob(
        **{"tenant_id": TENANT, "kind": "tts.synthesize", "model": "espeak", "params": {"text": "a"}, **changes}
    )
    return services.store.jobs.submit(new).job


def test_retry_is_a_new_job_with_the_same_request_and_an_input_of_its_own(client, services, storage, dispatch):
    key = f"jobs/{TENANT}/job_{'1' * 32}/input/abc"
    part = storage.put_bytes(key, b"some text")
    parent = accept(
        services,
        id=f"job_{'1' * 32}",
        params={"text": None, "source_type": "txt", "speed": 1.5},
        labels={"a": "b"},
        input_key=key,
        input_sha256=part.sha256,
        input_bytes=part.bytes,
    )
    services.store.jobs.cancel(TENANT, parent.id)
    answer = client.post(f"/jobs/{parent.id}/retry")
    assert answer.status_code == 202
    child = services.store.jobs.get(TENANT, answer.json["id"])
    assert answer.json["parent_id"] == parent.id
    assert (child.params, child.labels, child.input_sha256) == (parent.params, parent.labels, part.sha256)
    assert dispatch.notified == [("cpu", child.id)]
    assert client.delete(f"/jobs/{parent.id}").status_code == 204
    assert b"".join(storage.read(child.input_key)) == b"some text"


def test_only_an_unsuccessful_job_is_retried(client, services, finished_job):
    for job in (finished_job(AUDIO), accept(services)):
        answer = client.post(f"/jobs/{job.id}/retry")
        assert (answer.status_code, answer.json["code"]) == (409, "not_retryable")


def test_patch_is_a_new_job_with_one_change_more_than_its_parent(client, services, finished_job, dispatch):
    first = finished_job(AUDIO)
    answer = client.post(f"/jobs/{first.id}/patch", json={"sentence": 3, "text": "Good night."})
    assert (answer.status_code, answer.json["parent_id"]) == (202, first.id)
    change = {"sentence": 3, "text": "Good night.", "voice": None}
    assert answer.json["request"]["patches"] == [change]
    child = services.store.jobs.get(TENANT, answer.json["id"])
    assert child.params == {**first.params, "patches": [change]}
    assert dispatch.notified[-1] == ("cpu", child.id)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sentence": 1},
        {"sentence": -1, "text": "x"},
        {"sentence": 1, "speed": 2},
    ],
)
def test_malformed_patch_is_refused(client, finished_job, body):
    answer = client.post(f"/jobs/{finished_job(AUDIO).id}/patch", json=body)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")


def test_only_speech_that_succeeded_is_patched(client, services):
    answer = client.post(f"/jobs/{accept(services).id}/patch", json={"sentence": 0, "text": "x"})
    assert (answer.status_code, answer.json["code"]) == (409, "not_patchable")


def test_a_patch_that_would_cost_the_whole_work_has_to_say_so(client, services, finished_job):
    job = finished_job(AUDIO, drops_parts=True)
    change = {"sentence": 3, "text": "Good night."}
    refused = client.post(f"/jobs/{job.id}/patch", json=change)
    assert (refused.status_code, refused.json["code"]) == (409, "parts_dropped")
    assert "resynthesise" in refused.json["detail"]
    accepted = client.post(f"/jobs/{job.id}/patch", json={**change, "resynthesise": True})
    assert (accepted.status_code, accepted.json["parent_id"]) == (202, job.id)
    assert services.store.jobs.get(TENANT, accepted.json["id"]).params["patches"] == [{**change, "voice": None}]
