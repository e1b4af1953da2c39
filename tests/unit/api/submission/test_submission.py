"""From a validated request to a recorded job: idempotency, and what stays when a part of the service is down."""

from __future__ import annotations

import io
import threading

import pytest

from api.submission.errors import InvalidField
from api.submission.idempotency import IdempotencyKey
from api.submission.job_inputs import StoredInput
from api.submission.submission import Submission
from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.job import Idempotency
from pipelines.errors import UnsupportedOption
from pipelines.requests import SpeechPatch, SynthesisRequest
from tests.unit.api.conftest import TENANT, VOICES, finish

AUDIO = {"audio.wav": ("audio/wav", b"RIFF" * 1000)}
KEY = {"Idempotency-Key": "order-1"}


def test_same_key_and_request_give_the_same_job(client, worker, services, dispatch):
    worker()
    first = client.post("/tts/synthesize", json={"text": "Hello."}, headers=KEY)
    again = client.post("/tts/synthesize", json={"text": "Hello.", "speed": 1.0}, headers=KEY)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json["id"] == again.json["id"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert len(services.store.jobs.list("local").jobs) == 1
    assert len(dispatch.notified) == 1


def test_replay_shows_the_job_as_it_is_now(client, worker, services):
    worker()
    first = client.post("/tts/synthesize", json={"text": "Hello."}, headers=KEY)
    finish(services, services.store.jobs.get("local", first.json["id"]), AUDIO)
    again = client.post("/tts/synthesize", json={"text": "Hello."}, headers={**KEY, "Prefer": "wait=5"})
    assert (again.status_code, again.json["state"]) == (200, "succeeded")


def test_replay_needs_no_live_worker(client, services, worker):
    row = worker()
    first = client.post("/tts/synthesize", json={"text": "Hello."}, headers=KEY)
    services.store.workers.retire(row.id)
    again = client.post("/tts/synthesize", json={"text": "Hello."}, headers=KEY)
    assert again.json["id"] == first.json["id"]


def test_worker_that_has_just_started_is_not_overlooked(client, services, worker):
    services.workers._fresh_s = 3600.0
    assert client.post("/tts/synthesize", json={"text": "Hello."}).status_code == 503
    worker(voices=[])
    assert client.post("/tts/synthesize", json={"text": "Hello."}).status_code == 202


def test_voice_that_was_just_listed_is_not_overlooked(client, services, worker):
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


def test_key_covers_the_uploaded_bytes(client, worker, objects):
    worker("stt.pocketsphinx")

    def send(data):
        return client.post("/stt/transcribe", data={"file": (io.BytesIO(data), "a.wav")}, headers=KEY)

    first, again, other = send(b"one"), send(b"one"), send(b"two")
    assert first.json["id"] == again.json["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json["code"]) == (422, "idempotency_mismatch")
    assert len(objects()) == 1


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
    assert {answer.json["id"] for answer in accepted} == {job.id for job in services.store.jobs.list("local").jobs}
    assert len({answer.json["id"] for answer in accepted}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in accepted) == 1


def test_database_down_is_503_with_a_time_to_retry(client, worker, services, monkeypatch, objects, settings):
    worker()
    settings.inline_text_bytes = 0

    def down(*_arguments):
        raise StoreUnavailable

    monkeypatch.setattr(services.store.jobs, "submit", down)
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


@pytest.fixture
def submission(services):
    """Submissions of one tenant, without a web request."""
    return lambda key=None: Submission(services, "tts.synthesize", TENANT, key)


def request(**fields):
    return SynthesisRequest(**{"text": "Hello.", "model": "espeak", **fields})


def test_use_case_needs_no_web_request(submission, services, dispatch):
    submitted = submission().submit(request(labels={"a": "b"}))
    assert (submitted.replayed, submitted.job.labels) == (False, {"a": "b"})
    assert services.store.jobs.get(TENANT, submitted.job.id).params["text"] == "Hello."
    assert dispatch.notified == [("cpu", submitted.job.id)]


def test_rejected_request_is_a_typed_error_and_no_job(submission, services):
    with pytest.raises(InvalidField) as raised:
        submission().submit(request(language="xx-nothing"))
    assert raised.value.field == "language"
    with pytest.raises(UnsupportedOption):
        submission().submit(request(model="nothing"))
    assert services.store.jobs.list(TENANT).jobs == []


def test_input_of_a_replayed_request_is_removed(submission, services, objects):
    key = IdempotencyKey("POST /tts/synthesize", "order-1")
    for replayed in (False, True):
        each = submission(key)
        part = services.storage.put_bytes(each.upload_key(), b"# Title")
        upload = StoredInput(part.key, part, "a.md", "md")
        assert each.submit(request(text=None), upload).replayed is replayed
    assert len(objects()) == 1


def test_job_that_is_submitted_once_is_made_again_after_it_failed(submission, services):
    idempotency = Idempotency("POST /tts/voices", "preview", "0" * 64, is_lasting=True)
    first, again = (submission().submit_once(idempotency, request).job.id for _ in range(2))
    assert first == again
    services.store.jobs.cancel(TENANT, first)
    assert submission().submit_once(idempotency, request).job.id != first


def test_retry_has_an_input_of_its_own(submission, services, objects):
    first = submission()
    part = services.storage.put_bytes(first.upload_key(), b"# Title")
    parent = first.submit(request(text=None), StoredInput(part.key, part, "a.md", "md")).job
    services.store.jobs.cancel(TENANT, parent.id)
    retry = submission().submit_retry(services.store.jobs.get(TENANT, parent.id)).job
    assert (retry.parent_id, retry.input_sha256) == (parent.id, parent.input_sha256)
    assert sorted(objects()) == sorted([parent.input_key, retry.input_key])


def test_patch_adds_to_the_changes_of_its_parent(submission, finished_job):
    earlier = {"sentence": 0, "text": "Hi.", "voice": None}
    parent = finished_job(AUDIO, params={"text": "Hello.", "patches": [earlier]})
    patched = submission().submit_patch(parent, SpeechPatch(sentence=1, text="Bye.")).job
    assert patched.params["patches"] == [earlier, {"sentence": 1, "text": "Bye.", "voice": None}]
    assert patched.params["text"] == "Hello."


def test_patch_with_a_missing_voice_leaves_no_input(submission, finished_job, services, objects):
    parent = finished_job(AUDIO, model="yourtts")
    before = objects()
    with pytest.raises(InvalidField):
        submission().submit_patch(parent, SpeechPatch(sentence=0, voice=f"voice_{'0' * 32}"))
    assert objects() == before
