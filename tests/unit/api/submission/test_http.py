"""Headers of submitting requests, and the responses to them."""

from __future__ import annotations

import io
import threading

import pytest
from flask import g

from api.submission.http import begin_submission, submission_response
from jobs.failure import ErrorClass, Failure
from jobs.job import NewJob
from jobs.store.job_store import SubmittedJob
from tests.services.machine_speed import poll
from tests.unit.api.conftest import TENANT, finish

AUDIO = {"audio.wav": ("audio/wav", b"RIFF" * 1000)}
KEY = {"Idempotency-Key": "order-1"}


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "ünïcode"])
def test_key_of_another_shape_is_refused(client, worker, key):
    worker()
    answer = client.post("/tts/synthesize", json={"text": "a"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"


def test_bad_key_of_an_upload_is_refused_before_the_body_is_stored(client, worker, objects):
    worker("stt.pocketsphinx")
    headers = {"Idempotency-Key": "with space"}
    answer = client.post("/stt/transcribe", data={"file": (io.BytesIO(b"x"), "a.wav")}, headers=headers)
    assert answer.status_code == 422
    assert objects() == []


def test_prefer_wait_answers_200_with_the_finished_job(client, worker, services):
    worker()
    thread = threading.Thread(target=finish_next, args=(services,))
    thread.start()
    answer = client.post("/tts/synthesize", json={"text": "Hello."}, headers={"Prefer": "respond-async, wait=30"})
    thread.join()
    assert (answer.status_code, answer.json["state"]) == (200, "succeeded")
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert "Retry-After" not in answer.headers


def test_prefer_wait_with_accept_audio_answers_the_audio(client, worker, services):
    worker()
    thread = threading.Thread(target=finish_next, args=(services,))
    thread.start()
    headers = {"Prefer": "wait=30", "Accept": "audio/*"}
    answer = client.post("/tts/synthesize", json={"text": "Hello."}, headers=headers)
    thread.join()
    assert (answer.status_code, answer.content_type) == (200, "audio/wav")
    assert answer.data == AUDIO["audio.wav"][1]
    assert answer.headers["Location"].startswith("/jobs/job_")


def test_accept_audio_of_a_job_that_failed_is_its_problem(client, worker, services):
    worker()

    def fail():
        claim = until_claimed(services)
        error = Failure(ErrorClass.BAD_INPUT, "unreadable_input", "No text in it.")
        services.store.chunks.fail(claim, error)

    thread = threading.Thread(target=fail)
    thread.start()
    headers = {"Prefer": "wait=30", "Accept": "audio/wav"}
    answer = client.post("/tts/synthesize", json={"text": "Hello."}, headers=headers)
    thread.join()
    assert (answer.status_code, answer.json["code"]) == (422, "unreadable_input")
    assert answer.json["detail"] == "No text in it."


def test_accept_audio_without_prefer_wait_is_a_job(client, worker):
    worker()
    answer = client.post("/tts/synthesize", json={"text": "Hello."}, headers={"Accept": "audio/*"})
    assert (answer.status_code, answer.content_type) == (202, "application/json")


def test_keys_of_tenants_and_routes_are_apart(client_of, worker):
    worker()
    worker("stt.pocketsphinx")
    one, other = client_of("one"), client_of("other")
    ids = {
        one.post("/tts/synthesize", json={"text": "a"}, headers=KEY).json["id"],
        other.post("/tts/synthesize", json={"text": "b"}, headers=KEY).json["id"],
        one.post("/stt/transcribe", data={"file": (io.BytesIO(b"x"), "a.wav")}, headers=KEY).json["id"],
    }
    assert len(ids) == 3


def test_key_counts_for_the_route_and_for_the_ids_in_its_path(client, services):
    ids = []
    for _ in range(2):
        new = NewJob(tenant_id=TENANT, kind="tts.synthesize", model="espeak", params={"text": "a"})
        ids.append(services.store.jobs.submit(new).job.id)
        services.store.jobs.cancel(TENANT, ids[-1])
    first, again, other = (client.post(f"/jobs/{job_id}/retry", headers=KEY) for job_id in (ids[0], ids[0], ids[1]))
    assert again.json["id"] == first.json["id"] != other.json["id"]
    assert again.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in other.headers


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=5", "wait=5"),
        ("respond-async, wait=2.5", "wait=2.5"),
        ('wait="3"', "wait=3"),
        ("WAIT=3", None),
        ("wait=600", "wait=60"),
        ("waiting=3", None),
        ("wait=-1", None),
    ],
)
def test_wait_is_read_from_the_preferences_and_limited(app, services, finished_job, prefer, applied):
    job = finished_job(AUDIO)
    with app.test_request_context(headers={"Prefer": prefer}):
        g.key, _ = services.store.keys.create(TENANT, "reader", ["read"])
        response = submission_response(SubmittedJob(job))
    assert response.headers.get("Preference-Applied") == applied
    assert response.status_code == (200 if applied else 202)


@pytest.mark.parametrize(
    ("accept", "is_audio"),
    [
        ("audio/*", True),
        ("audio/wav, application/json;q=0.5", True),
        ("audio/wav;q=0.5, application/json", False),
        ("*/*", False),
        ("audio/*;q=0", False),
    ],
)
def test_audio_is_the_response_where_it_is_preferred_to_json(app, services, finished_job, accept, is_audio):
    job = finished_job(AUDIO)
    with app.test_request_context(headers={"Prefer": "wait=1", "Accept": accept}):
        g.key, _ = services.store.keys.create(TENANT, "reader", ["read"])
        response = submission_response(SubmittedJob(job))
    assert response.content_type == ("audio/wav" if is_audio else "application/json")


def test_submission_needs_a_tenant(app):
    with app.test_request_context(), pytest.raises(Exception, match="Send a key"):
        begin_submission("tts.synthesize")


def until_claimed(services):
    claim = poll(lambda: services.store.chunks.claim(["cpu"], "test:host:cpu:1", lease_ms=60_000))
    assert claim, "no job came"
    return claim


def finish_next(services):
    jobs = poll(lambda: services.store.jobs.list("local").jobs)
    assert jobs, "no job came"
    finish(services, jobs[0], AUDIO)
