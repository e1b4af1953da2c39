"""Idempotency, waiting for the answer, and what happens when a part of the service is down."""

from __future__ import annotations

import io
import threading

import pytest

from jobs.errors import StorageUnavailable, StoreUnavailable
from tests.services.machine_speed import poll
from tests.unit.api.conftest import VOICES, finish

AUDIO = {"audio.wav": ("audio/wav", b"RIFF" * 1000)}
KEY = {"Idempotency-Key": "order-1"}


def test_same_key_and_request_give_the_same_job(client, worker, services, bells):
    worker()
    first = client.post("/tts/synthesize", json={"text": "Hello."}, headers=KEY)
    again = client.post("/tts/synthesize", json={"text": "Hello.", "speed": 1.0}, headers=KEY)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json["id"] == again.json["id"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert len(services.store.jobs("local").jobs) == 1
    assert len(bells.rung) == 1


def test_replay_shows_the_job_as_it_is_now(client, worker, services):
    worker()
    first = client.post("/tts/synthesize", json={"text": "Hello."}, headers=KEY)
    finish(services, services.store.job("local", first.json["id"]), AUDIO)
    again = client.post("/tts/synthesize", json={"text": "Hello."}, headers={**KEY, "Prefer": "wait=5"})
    assert (again.status_code, again.json["state"]) == (200, "succeeded")


def test_replay_needs_no_live_worker(client, services, worker):
    row = worker()
    first = client.post("/tts/synthesize", json={"text": "Hello."}, headers=KEY)
    services.store.forget_worker(row.id)
    again = client.post("/tts/synthesize", json={"text": "Hello."}, headers=KEY)
    assert again.json["id"] == first.json["id"]


def test_worker_that_came_a_moment_ago_is_not_overlooked(client, services, worker):
    services.workers._fresh_s = 3600.0
    assert client.post("/tts/synthesize", json={"text": "Hello."}).status_code == 422
    worker(voices=[])
    assert client.post("/tts/synthesize", json={"text": "Hello."}).status_code == 202


def test_voice_that_came_a_moment_ago_is_not_overlooked(client, services, worker):
    services.workers._fresh_s = 3600.0
    worker(voices=[voice for voice in VOICES if voice["id"] == "en-us"])
    assert client.post("/tts/synthesize", json={"text": "Hallo.", "voice": "de"}).status_code == 422
    worker()
    assert client.post("/tts/synthesize", json={"text": "Hallo.", "voice": "de"}).status_code == 202


def test_same_key_with_another_request_is_refused(client, worker):
    worker()
    client.post("/tts/synthesize", json={"text": "Hello."}, headers=KEY)
    answer = client.post("/tts/synthesize", json={"text": "Goodbye."}, headers=KEY)
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_mismatch")


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


def test_key_covers_the_uploaded_bytes(client, worker, objects):
    worker("stt.pocketsphinx")

    def send(data):
        return client.post("/stt/transcribe", data={"file": (io.BytesIO(data), "a.wav")}, headers=KEY)

    first, again, other = send(b"one"), send(b"one"), send(b"two")
    assert first.json["id"] == again.json["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json["code"]) == (422, "idempotency_mismatch")
    assert len(objects()) == 1


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


def test_forty_concurrent_requests_with_one_key_make_one_job(app, client, worker, services):
    worker()
    header = client.environ_base["HTTP_AUTHORIZATION"]
    answers = []

    def send():
        sender = app.test_client()
        sender.environ_base["HTTP_AUTHORIZATION"] = header
        answers.append(sender.post("/tts/synthesize", json={"text": "Hello."}, headers=KEY))

    threads = [threading.Thread(target=send) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = [answer for answer in answers if answer.status_code == 202]
    busy = [answer for answer in answers if answer.status_code == 409]
    assert len(accepted) + len(busy) == 40 and accepted
    assert {answer.json["id"] for answer in accepted} == {job.id for job in services.store.jobs("local").jobs}
    assert len({answer.json["id"] for answer in accepted}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in accepted) == 1


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
        error = {"class": "bad_input", "code": "unreadable_input", "detail": "No text in it.", "retryable": False}
        services.store.fail(claim, error)

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


def test_database_down_is_503_with_a_time_to_come_back(client, worker, services, monkeypatch, objects, settings):
    worker()
    settings.inline_text_bytes = 0

    def down(*_arguments):
        raise StoreUnavailable

    monkeypatch.setattr(type(services.store), "accept", down)
    answer = client.post("/tts/synthesize", json={"text": "Hello."})
    assert (answer.status_code, answer.json["code"]) == (503, "store_unavailable")
    assert answer.json["retryable"] is True
    assert answer.headers["Retry-After"] == "1"
    # The commit may have happened: its input stays.
    assert len(objects()) == 1


def test_short_text_is_accepted_while_the_storage_is_down(client, worker, storage, monkeypatch):
    worker()

    def down(*_arguments, **_options):
        raise StorageUnavailable

    monkeypatch.setattr(type(storage), "put_bytes", down)
    assert client.post("/tts/synthesize", json={"text": "Hello."}).status_code == 202
    answer = client.post("/tts/synthesize", json={"text": "x" * 100_000})
    assert (answer.status_code, answer.json["code"]) == (503, "storage_unavailable")


def until_claimed(services):
    claim = poll(lambda: services.store.claim(["cpu"], "test:host:cpu:1", lease_ms=60_000))
    assert claim, "no job came"
    return claim


def finish_next(services):
    jobs = poll(lambda: services.store.jobs("local").jobs)
    assert jobs, "no job came"
    finish(services, jobs[0], AUDIO)
