"""What a client of an event stream receives."""

from __future__ import annotations

import json
import threading

import pytest

from jobs.chunk import Commit
from jobs.errors import StoreUnavailable
from jobs.job import NewJob
from jobs.storage.object_keys import part_prefixes
from tests.unit.api.conftest import TENANT, finish, put_part, run_plan, run_work


def events(text):
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields.get("event"), json.loads(fields.get("data", "null")), fields.get("id")))
    return found


@pytest.fixture
def transcription(services):
    new = NewJob(tenant_id=TENANT, kind="stt.transcribe", model="pocketsphinx-en-us", params={"language": "en"})
    return services.store.jobs.submit(new).job


def part(*texts, start=0.0):
    segments = [
        {"start": start + n, "end": start + n + 1, "text": text, "confidence": 0.9, "model": "m", "words": []}
        for n, text in enumerate(texts)
    ]
    return json.dumps({"segments": segments, "language": "en"}).encode()


def test_stream_of_an_ended_job_has_its_end_and_closes(client, finished_job):
    job = finished_job({"audio.wav": ("audio/wav", b"RIFF")})
    answer = client.get(f"/jobs/{job.id}/events")
    assert answer.content_type == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    sent = events(answer.text)
    assert [name for name, _, _ in sent] == ["progress", "state"]
    state = sent[-1][1]
    assert (state["id"], state["state"]) == (job.id, "succeeded")
    assert state["result"]["files"][0]["url"].startswith("http://voicemill.test/")
    assert "request" not in state


def test_stream_has_states_and_progress_until_the_end(client, services):
    new = NewJob(tenant_id=TENANT, kind="tts.synthesize", model="espeak", params={"text": "a"})
    job = services.store.jobs.submit(new).job
    thread = threading.Timer(0.2, finish, (services, job, {"audio.wav": ("audio/wav", b"RIFF")}))
    thread.start()
    sent = events(client.get(f"/jobs/{job.id}/events").text)
    thread.join()
    states = [data["state"] for name, data, _ in sent if name == "state"]
    assert states[0] == "accepted" and states[-1] == "succeeded"
    fractions = [data["fraction"] for name, data, _ in sent if name == "progress"]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert sent[-1][0] == "state"


@pytest.mark.parametrize("queues", [[], ["cpu"], ["stt.pocketsphinx"]])
@pytest.mark.parametrize("is_planned", [False, True])
def test_state_event_says_of_the_progress_what_get_says(client, services, transcription, worker, queues, is_planned):
    for queue in queues:
        worker(queue)
    if is_planned:
        run_plan(services, transcription, units=[10.0])
    services.watcher._places._total = 0
    state = next(
        data for name, data, _ in events(client.get(f"/jobs/{transcription.id}/events").text) if name == "state"
    )
    job = client.get(f"/jobs/{transcription.id}").json
    assert state["progress"] == job["progress"]
    has_worker = ("stt.pocketsphinx" if is_planned else "cpu") in queues
    assert (job["progress"]["stage"] == "waiting_for_worker") is not has_worker
    assert [each["queue"] for each in job["progress"]["missing_workers"]] == (
        [] if has_worker else ["stt.pocketsphinx" if is_planned else "cpu"]
    )


def test_segments_come_in_the_order_of_the_recording(client, services, transcription):
    run_plan(services, transcription, units=[10.0, 10.0, 10.0])
    queue = "stt.pocketsphinx"
    claims = [services.store.chunks.claim([queue], f"test:host:w:{n}", lease_ms=60_000) for n in range(3)]
    last = next(claim for claim in claims if claim.chunk.idx == 2)
    commit_part(services, last, part("third", start=20))
    services.store.jobs.cancel(TENANT, transcription.id)
    for claim in claims:
        if claim is not last:
            services.store.chunks.stop(claim)
    sent = events(client.get(f"/jobs/{transcription.id}/events").text)
    # The first chunk is missing: what follows the gap is not sent.
    assert [name for name, _, _ in sent] == ["progress", "state"]


@pytest.mark.parametrize("page", [1, 100])
def test_segments_are_sent_once_and_a_client_continues_after_the_last(
    client, services, transcription, monkeypatch, page
):
    monkeypatch.setattr("api.jobs.events.PAGE", page)
    run_plan(services, transcription, units=[10.0, 10.0])
    run_work(services, transcription, part("one", "two"))
    run_work(services, transcription, part("three", start=10))
    services.store.jobs.cancel(TENANT, transcription.id)
    sent = events(client.get(f"/jobs/{transcription.id}/events").text)
    segments = [(data["text"], place) for name, data, place in sent if name == "segment"]
    assert segments == [("one", None), ("two", "0"), ("three", "1")]
    rest = events(client.get(f"/jobs/{transcription.id}/events", headers={"Last-Event-ID": "0"}).text)
    assert [data["text"] for name, data, _ in rest if name == "segment"] == ["three"]


def test_text_never_breaks_a_line(client, services, transcription):
    run_plan(services, transcription, units=[10.0])
    run_work(services, transcription, part("a\u2028b\x85c\nd"))
    services.store.jobs.cancel(TENANT, transcription.id)
    text = client.get(f"/jobs/{transcription.id}/events").text
    assert text.isascii()
    assert [data["text"] for name, data, _ in events(text) if name == "segment"] == ["a\u2028b\x85c\nd"]


def test_part_that_cannot_be_read_is_an_error_event(client, services, transcription):
    run_plan(services, transcription, units=[10.0])
    run_work(services, transcription, b"no json")
    name, problem, _ = events(client.get(f"/jobs/{transcription.id}/events").text)[-1]
    assert (name, problem["code"]) == ("error", "corrupt_object")


@pytest.mark.parametrize("drops_parts", [True, False])
def test_only_parts_that_were_dropped_may_be_missing(client, services, finished_job, drops_parts):
    job = finished_job({"transcript.json": ("application/json", b"{}")}, kind="stt.transcribe", drops_parts=drops_parts)
    services.storage.delete_prefix(part_prefixes(TENANT, job.id)[0])
    sent = [name for name, _, _ in events(client.get(f"/jobs/{job.id}/events").text)]
    assert sent == (["progress", "state"] if drops_parts else ["error"])


def test_stream_beyond_the_limit_has_the_state_and_when_to_reconnect(client, services, transcription):
    services.watcher._places._total = 0
    text = client.get(f"/jobs/{transcription.id}/events").text
    assert "retry: 2000" in text
    assert [data["state"] for name, data, _ in events(text) if name == "state"] == ["accepted"]


def test_stream_of_a_job_that_is_deleted_ends(client, services, transcription):
    thread = threading.Timer(0.2, services.store.jobs.delete, (TENANT, transcription.id))
    thread.start()
    sent = events(client.get(f"/jobs/{transcription.id}/events").text)
    thread.join()
    assert sent[-1][1] == {"id": transcription.id, "object": "job", "state": "deleted"}


def commit_part(services, claim, data):
    services.store.chunks.commit(claim, Commit(part=put_part(services, claim, data)))


def test_failure_of_a_stream_is_an_event(client, services, transcription, monkeypatch):
    def down(*_arguments, **_options):
        raise StoreUnavailable

    run_plan(services, transcription, units=[1.0])
    monkeypatch.setattr(services.store.jobs, "finished_chunks", down)
    answer = client.get(f"/jobs/{transcription.id}/events")
    name, problem, _ = events(answer.text)[-1]
    assert (name, problem["status"], problem["code"], problem["retryable"]) == ("error", 503, "store_unavailable", True)
    assert problem["instance"].endswith(answer.headers["X-Request-Id"])


@pytest.mark.parametrize("last_id", ["9" * 19, "9" * 400, "²", "-1", "x"])
def test_an_id_that_was_never_sent_continues_from_the_start(client, services, transcription, last_id):
    services.store.jobs.cancel(TENANT, transcription.id)
    whole = client.get(f"/jobs/{transcription.id}/events").text
    header = {"Last-Event-ID": last_id.encode("utf-8").decode("latin-1")}
    assert client.get(f"/jobs/{transcription.id}/events", headers=header).text == whole
