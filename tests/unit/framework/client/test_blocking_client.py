"""The blocking client against a real HTTP server."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from framework.client.blocking_client import Client
from framework.client.errors import (
    BadArgument,
    ClientClosed,
    CorruptDownload,
    Deleted,
    InvalidRequest,
    JobCancelled,
    JobExpired,
    JobFailed,
    NotConfigured,
    NotFound,
    RateLimited,
    ServerError,
    Unauthorized,
    Unavailable,
    Unreachable,
    WaitTimeout,
)
from framework.client.job import Job
from framework.client.retry_policy import RetryPolicy
from tests.services.machine_speed import poll
from tests.unit.framework.conftest import QUICK, start_thread
from tests.unit.framework.wire_server import KEY, WireServer


# -- submitting --------------------------------------------------------------------------------------------------------
def test_text_is_sent_as_json_with_the_key_and_an_idempotency_key(client: Client, wire: WireServer) -> None:
    job = client.speak("Grüße.", wait=False, voice="de", format="mp3", labels={"book": "1"}, speech_marks=True)
    [request] = wire.received("POST", "/tts/synthesize")
    assert request.json == {
        "text": "Grüße.",
        "voice": "de",
        "format": "mp3",
        "labels": {"book": "1"},
        "speech_marks": True,
    }
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert len(request.headers["idempotency-key"]) >= 32
    assert (job.kind, job.state, job.is_finished) == ("tts.synthesize", "accepted", False)


def test_document_is_sent_as_a_form(client: Client, wire: WireServer, tmp_path: Path) -> None:
    book = tmp_path / "Käse & Brot.epub"
    book.write_bytes(b"PK\x03\x04 book")
    client.speak(file=book, wait=False, title="Käse", labels={"a": "b"}, speech_marks=True, speed=1.25)
    [request] = wire.received("POST", "/tts/synthesize")
    assert (request.file, request.file_name) == (b"PK\x03\x04 book", "Käse & Brot.epub")
    assert request.file_type == "application/epub+zip"
    assert request.form == {
        "title": ["Käse"],
        "labels": ['{"a": "b"}'],
        "speech_marks": ["true"],
        "speed": ["1.25"],
    }


def test_recording_is_sent_as_a_form_that_repeats_lists(client: Client, wire: WireServer) -> None:
    client.transcribe(b"RIFF", wait=False, formats=["json", "srt"], vocabulary=["Voicemill"], language="en")
    [request] = wire.received("POST", "/stt/transcribe")
    assert request.file == b"RIFF"
    assert request.form == {"formats": ["json", "srt"], "vocabulary": ["Voicemill"], "language": ["en"]}


@pytest.mark.parametrize("kind", ["path", "text path", "bytes", "file", "named bytes", "stream that cannot seek"])
def test_recording_may_come_as(kind: str, client: Client, wire: WireServer, tmp_path: Path) -> None:
    path = tmp_path / "talk.opus"
    path.write_bytes(b"OggS" * 1000)
    with path.open("rb") as file:
        sources = {
            "path": path,
            "text path": str(path),
            "bytes": path.read_bytes(),
            "file": file,
            "named bytes": ("talk.opus", path.read_bytes()),
            "stream that cannot seek": Pipe(path.read_bytes()),
        }
        client.transcribe(sources[kind], wait=False)
    [request] = wire.received("POST", "/stt/transcribe")
    assert request.file == b"OggS" * 1000
    assert int(request.headers["content-length"]) > 4000
    if kind not in {"bytes", "stream that cannot seek"}:
        assert (request.file_name, request.file_type) == ("talk.opus", "audio/ogg")


class Pipe(io.RawIOBase):
    """A binary stream as of a pipe."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def test_upload_reports_its_progress(client: Client, wire: WireServer, tmp_path: Path) -> None:
    recording = tmp_path / "long.wav"
    recording.write_bytes(b"\0" * 1_000_000)
    reported: list[tuple[int, int]] = []
    client.transcribe(recording, wait=False, on_upload=lambda sent, total: reported.append((sent, total)))
    assert len(reported) > 5
    assert reported == sorted(reported)
    assert reported[-1] == (1_000_000, 1_000_000)


def test_invalid_sources_are_refused_before_anything_is_sent(client: Client, wire: WireServer, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match=r"missing\.wav is not a file"):
        client.transcribe(tmp_path / "missing.wav")
    with pytest.raises(BadArgument, match="not a file"):
        client.transcribe(tmp_path)
    with pytest.raises(BadArgument, match="binary mode"):
        client.transcribe(io.StringIO("text"))  # type: ignore[arg-type]
    with pytest.raises(BadArgument, match="one of the three"):
        client.speak()
    with pytest.raises(BadArgument, match="one of the three"):
        client.speak("text", file=b"text")
    assert wire.requests == []


# -- retries -----------------------------------------------------------------------------------------------------------
def test_lost_response_does_not_create_a_second_job(client: Client, wire: WireServer) -> None:
    wire.drop_next(times=2)
    job = client.transcribe(b"RIFF", wait=False)
    requests = wire.received("POST", "/stt/transcribe")
    assert len(requests) == 3
    assert len({request.headers["idempotency-key"] for request in requests}) == 1
    assert [request.file for request in requests] == [b"RIFF"] * 3
    assert list(wire.jobs) == [job.id]


def test_idempotency_key_of_the_caller_is_used(client: Client, wire: WireServer) -> None:
    first = client.speak("Hello.", wait=False, idempotency_key="order-7")
    second = client.speak("Hello.", wait=False, idempotency_key="order-7")
    assert first.id == second.id


def test_two_calls_are_two_jobs(client: Client) -> None:
    assert client.speak("Hello.", wait=False).id != client.speak("Hello.", wait=False).id


@pytest.mark.parametrize(("status", "code"), [(503, "store_unavailable"), (429, "rate_limited")])
def test_request_to_a_busy_server_is_retried(client: Client, wire: WireServer, status: int, code: str) -> None:
    wire.refuse_next(status, code, times=3, headers={"Retry-After": "0"})
    assert client.speak("Hello.", wait=False).state == "accepted"
    assert len(wire.requests) == 4


def test_after_the_last_retry_the_error_is_raised(client: Client, wire: WireServer) -> None:
    wire.refuse_next(503, times=99, headers={"Retry-After": "0"}, detail="The database does not answer.")
    with pytest.raises(Unavailable, match="The database does not answer") as caught:
        client.jobs.list()
    assert len(wire.requests) == 1 + QUICK.limit
    assert caught.value.request_id == "req_1"


def test_too_long_a_retry_after_is_raised_to_the_caller(client: Client, wire: WireServer) -> None:
    wire.refuse_next(429, "rate_limited", headers={"Retry-After": "3600"})
    with pytest.raises(RateLimited) as caught:
        client.jobs.list()
    assert caught.value.retry_after_s == 3600
    assert len(wire.requests) == 1


def test_request_that_is_not_idempotent_is_not_retried(client: Client, wire: WireServer) -> None:
    wire.drop_next(path="/keys")
    with pytest.raises(Unreachable, match="broke"):
        client.keys.create("laptop")
    assert len(wire.received("POST", "/keys")) == 1


def test_invalid_request_is_not_retried_and_names_its_fields(client: Client, wire: WireServer) -> None:
    wire.refuse_next(
        422,
        "invalid",
        detail="Invalid fields: speed.",
        retryable=False,
        errors=[{"field": "speed", "code": "less_than_equal", "detail": "At most 2."}],
    )
    with pytest.raises(InvalidRequest) as caught:
        client.speak("Hello.", wait=False, speed=9.0)
    assert [error.field for error in caught.value.errors] == ["speed"]
    assert len(wire.requests) == 1


def test_web_page_is_reported_as_no_voicemill_server(client: Client, wire: WireServer) -> None:
    wire.answer_next(200, b"<html>router login</html>")
    with pytest.raises(ServerError, match="is this address a Voicemill server"):
        client.jobs.list()


# -- connections -------------------------------------------------------------------------------------------------------
@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address without a server."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


def test_missing_server_is_reported_with_instructions(nowhere: str) -> None:
    with Client(nowhere, KEY, retries=QUICK) as client, pytest.raises(Unreachable, match="`voicemill up`") as caught:
        client.jobs.list()
    assert not caught.value.maybe_sent
    assert nowhere in str(caught.value)


def test_server_that_does_not_respond_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = Client(address, KEY, timeout_s=0.05, retries=RetryPolicy(limit=0))
        with client, pytest.raises(Unreachable, match="did not answer in time"):
            client.jobs.list()


def test_proxy_of_the_environment_is_not_used_for_this_machine(
    wire: WireServer, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nowhere)
    with Client(wire.url, KEY, retries=RetryPolicy(limit=0)) as client:
        assert client.jobs.list().data == []


@pytest.mark.parametrize(("url", "key"), [("http://[::", "vm_x"), ("http://x", "schlüssel"), ("http://x", "vm_a\nb")])
def test_invalid_address_or_key_is_refused(url: str, key: str) -> None:
    with pytest.raises(NotConfigured, match="cannot be used"):
        Client(url, key)


def test_wrong_key_is_unauthorized(wire: WireServer) -> None:
    with Client(wire.url, "vm_wrong", retries=QUICK) as client, pytest.raises(Unauthorized, match="key"):
        client.jobs.list()


def test_key_does_not_show_in_the_representation(client: Client) -> None:
    assert KEY not in repr(client)


def test_closed_client_raises_client_closed(wire: WireServer) -> None:
    client = Client(wire.url, KEY)
    client.close()
    with pytest.raises(ClientClosed, match="closed"):
        client.jobs.list()


# -- waiting -----------------------------------------------------------------------------------------------------------
def test_waiting_reports_progress_and_returns_the_result(client: Client, wire: WireServer) -> None:
    seen: list[Job] = []

    def work() -> None:
        assert poll(lambda: wire.jobs)
        [job_id] = wire.jobs
        for done in (0.0, 40.0, 80.0):
            wire.move(job_id, done=done)
            assert poll(lambda done=done: any(job.progress.done == done for job in seen))
        wire.succeed(job_id)

    worker = start_thread(work)
    job = client.transcribe(b"RIFF", on_progress=seen.append)
    worker.join()
    assert job.is_successful
    assert job.result is not None
    assert (job.result.duration_s, job.result.language) == (3.5, "en")
    assert job.result.usage == {"audio_s": 3.5, "characters": 0, "engine_s": 1.0}
    assert [file.name for file in job.result.files] == ["transcript.txt"]
    done = [job.progress.done for job in seen]
    assert done == sorted(done)
    assert {(job.progress.total, job.progress.unit) for job in seen if job.progress.done} == {(100.0, "seconds")}
    assert seen[-1].is_finished


@pytest.mark.parametrize(
    ("state", "error"), [("failed", JobFailed), ("cancelled", JobCancelled), ("expired", JobExpired)]
)
def test_job_without_a_result_is_raised_with_its_reason(
    client: Client, wire: WireServer, state: str, error: type[Exception]
) -> None:
    job_id = wire.add_job()
    wire.fail(job_id, state=state, code="bad_input", detail="This is not a recording.")
    with pytest.raises(error, match=f"{job_id} {state}: This is not a recording") as caught:
        client.jobs.wait(job_id)
    assert caught.value.code == "bad_input"  # type: ignore[attr-defined]
    assert caught.value.job.state == state  # type: ignore[attr-defined]


def test_stream_that_breaks_is_opened_again(client: Client, wire: WireServer) -> None:
    wire.events_per_stream = 1
    job_id = wire.add_job()

    def work() -> None:
        for done in (10.0, 20.0, 30.0):
            streams = len(wire.received("GET", f"/jobs/{job_id}/events"))
            wire.move(job_id, done=done)
            assert poll(lambda streams=streams: len(wire.received("GET", f"/jobs/{job_id}/events")) > streams)
        wire.succeed(job_id)

    worker = start_thread(work)
    assert client.jobs.wait(job_id).is_successful
    worker.join()
    assert len(wire.received("GET", f"/jobs/{job_id}/events")) >= 3


def test_without_an_event_stream_the_job_is_polled(client: Client, wire: WireServer) -> None:
    wire.has_event_stream = False
    job_id = wire.add_job()
    seen: list[Job] = []

    def work() -> None:
        assert poll(lambda: any("wait" in request.query for request in wire.requests))
        wire.succeed(job_id)

    worker = start_thread(work)
    assert client.jobs.wait(job_id, on_progress=seen.append).is_successful
    worker.join()
    assert len(wire.received("GET", f"/jobs/{job_id}/events")) == 1


def test_waiting_survives_a_server_that_restarts(client: Client, wire: WireServer) -> None:
    job_id = wire.add_job()
    wire.drop_next(path=f"/jobs/{job_id}/events")
    wire.refuse_next(503, path=f"/jobs/{job_id}", times=2, headers={"Retry-After": "0"})
    worker = start_thread(lambda: (poll(lambda: wire.received("GET", f"/jobs/{job_id}/events")), wire.succeed(job_id)))
    assert client.jobs.wait(job_id).is_successful
    worker.join()


def test_waiting_ends_at_its_timeout_and_the_job_goes_on(client: Client, wire: WireServer) -> None:
    job_id = wire.add_job()
    with pytest.raises(WaitTimeout, match="goes on at the server") as caught:
        client.jobs.wait(job_id, timeout_s=0.2)
    assert caught.value.job.id == job_id
    assert wire.jobs[job_id]["state"] == "accepted"
    with pytest.raises(WaitTimeout):
        client.transcribe(b"RIFF", wait=0.2)


def test_waiting_for_a_deleted_job_ends(client: Client, wire: WireServer) -> None:
    job_id = wire.add_job()
    client.jobs.delete(job_id)
    with pytest.raises(Deleted):
        client.jobs.wait(job_id)


def test_job_that_is_deleted_meanwhile_ends_the_wait(client: Client, wire: WireServer) -> None:
    job_id = wire.add_job()
    seen: list[Job] = []
    worker = start_thread(
        lambda: (poll(lambda: wire.received("GET", f"/jobs/{job_id}/events")), client.jobs.delete(job_id))
    )
    with pytest.raises(Deleted):
        client.jobs.wait(job_id, on_progress=seen.append)
    worker.join()
    assert {job.state for job in seen} == {"accepted"}


def test_streams_that_end_at_once_are_paced(wire: WireServer) -> None:
    """Where too many clients wait, the server sends the state and ends the stream."""
    wire.events_per_stream = 0
    job_id = wire.add_job()
    wire.move(job_id)
    with Client(wire.url, KEY, retries=RetryPolicy(first_delay_s=0.25)) as client, pytest.raises(WaitTimeout):
        client.jobs.wait(job_id, timeout_s=0.9)
    assert len(wire.received("GET", f"/jobs/{job_id}/events")) <= 2


def test_events_arrive_as_they_happen_until_the_job_has_finished(client: Client, wire: WireServer) -> None:
    job_id = wire.add_job()
    events = client.jobs.events(job_id)
    wire.move(job_id, done=10.0)
    wire.add_segment(job_id, "Hello.")
    assert next(events).data["done"] == 10.0
    assert next(events).name == "state"
    segment = next(events)
    assert (segment.name, segment.data["text"], segment.id) == ("segment", "Hello.", "2")
    wire.succeed(job_id)
    assert [event.data["state"] for event in events] == ["succeeded"]


# -- jobs --------------------------------------------------------------------------------------------------------------
def test_jobs_are_listed_by_pages(client: Client, wire: WireServer) -> None:
    ids = [wire.add_job() for _ in range(5)]
    page = client.jobs.list(limit=2, labels={"book": "1"}, state="accepted")
    assert [job.id for job in page.data] == ids[:2:-1]
    assert wire.requests[-1].query == {"limit": ["2"], "label.book": ["1"], "state": ["accepted"]}
    rest = client.jobs.list(limit=10, after=page.next)
    assert [job.id for job in rest.data] == ids[2::-1]
    assert rest.next is None


def test_job_is_cancelled_and_retried(client: Client, wire: WireServer) -> None:
    job_id = wire.add_job()
    assert client.jobs.cancel(job_id).state == "cancelled"
    wire.drop_next(path=f"/jobs/{job_id}/retry")
    retried = client.jobs.retry(job_id)
    assert retried.id != job_id
    assert len(wire.jobs) == 2


def test_deleting_twice_is_the_same_as_once(client: Client, wire: WireServer) -> None:
    job_id = wire.add_job()
    client.jobs.delete(job_id)
    client.jobs.delete(job_id)
    with pytest.raises(Deleted):
        client.jobs.get(job_id)


def test_unknown_job_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound, match="There is no job"):
        client.jobs.get("job_0")


def test_id_cannot_lead_to_another_address(client: Client, wire: WireServer) -> None:
    with pytest.raises(NotFound):
        client.jobs.get("../keys")
    assert "/keys" not in [request.path for request in wire.requests]
    with pytest.raises(BadArgument):
        client.jobs.get("")


def test_times_are_aware_and_unknown_fields_kept(client: Client, wire: WireServer) -> None:
    job = client.jobs.get(wire.add_job(new_field=[1]))
    assert job.created_at is not None
    assert job.created_at.tzinfo is not None
    assert job.raw["new_field"] == [1]


# -- result files ------------------------------------------------------------------------------------------------------
@pytest.fixture
def job(client: Client, wire: WireServer) -> Job:
    job_id = wire.add_job()
    wire.succeed(job_id, {"transcript.srt": b"1\n00:00 hello\n", "transcript.json": b'{"text": "hello"}' * 20_000})
    return client.jobs.get(job_id)


def test_result_file_is_saved_and_read(client: Client, job: Job, tmp_path: Path) -> None:
    reported: list[tuple[int, int]] = []
    saved = client.jobs.download(
        job, "transcript.json", tmp_path / "new" / "a.json", on_progress=lambda *at: reported.append(at)
    )
    assert saved.read_bytes() == b'{"text": "hello"}' * 20_000
    assert reported[-1] == (340_000, 340_000)
    assert client.jobs.read(job.id, "srt") == b"1\n00:00 hello\n"


def test_directory_as_destination_keeps_the_name(client: Client, job: Job, tmp_path: Path) -> None:
    assert client.jobs.download(job, "srt", tmp_path) == tmp_path / "transcript.srt"


def test_unknown_file_is_an_error_that_lists_the_files(
    client: Client, wire: WireServer, job: Job, tmp_path: Path
) -> None:
    with pytest.raises(BadArgument, match=r"has no file 'vtt'; it has transcript\.srt, transcript\.json"):
        client.jobs.download(job, "vtt", tmp_path)
    with pytest.raises(BadArgument, match="is accepted: it has no files"):
        client.jobs.read(wire.add_job(), "srt")


def test_broken_transfer_is_repeated(client: Client, wire: WireServer, job: Job, tmp_path: Path) -> None:
    wire.cut_download_after = 1000
    client.jobs.download(job, "json", tmp_path / "a.json")
    assert (tmp_path / "a.json").read_bytes() == b'{"text": "hello"}' * 20_000
    assert len(wire.received("GET", f"/jobs/{job.id}/result")) == 2


def test_corrupt_download_leaves_the_old_file(client: Client, wire: WireServer, job: Job, tmp_path: Path) -> None:
    kept = tmp_path / "a.srt"
    kept.write_bytes(b"old content")
    wire.files[job.id, "transcript.srt"] = b"1\n00:00 jello\n"
    with pytest.raises(CorruptDownload, match="SHA-256"):
        client.jobs.download(job, "srt", kept)
    assert kept.read_bytes() == b"old content"
    assert list(tmp_path.iterdir()) == [kept]
    assert len(wire.received("GET", f"/jobs/{job.id}/result")) == 1 + QUICK.limit


def test_short_file_is_corrupt(client: Client, wire: WireServer, job: Job, tmp_path: Path) -> None:
    wire.files[job.id, "transcript.srt"] = b"1\n"
    with pytest.raises(CorruptDownload, match="2 bytes came, 14 were expected"):
        client.jobs.download(job, "srt", tmp_path)


def test_key_is_not_sent_to_the_storage(client: Client, wire: WireServer, job: Job) -> None:
    bucket = WireServer().start()
    try:
        bucket.bucket["/presigned"] = b"1\n00:00 hello\n"
        wire.redirect_to = bucket.url.replace("127.0.0.1", "localhost") + "/presigned?signature=x"
        assert client.jobs.read(job, "srt") == b"1\n00:00 hello\n"
        assert "authorization" not in bucket.requests[0].headers
    finally:
        bucket.stop()


def test_destination_that_cannot_be_written_is_a_bad_argument(client: Client, job: Job, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadArgument, match="cannot be written"):
        client.jobs.download(job, "srt", tmp_path / "file" / "a.srt")


# -- the rest ----------------------------------------------------------------------------------------------------------
def test_voices_and_models_are_listed(client: Client, wire: WireServer) -> None:
    assert [voice["id"] for voice in client.voices(language="en")] == ["en-gb", "de"]
    assert wire.requests[-1].query == {"language": ["en"]}
    assert [model["name"] for model in client.models()] == ["espeak", "whisper-base"]


def test_preview_waits_for_the_sample_and_returns_or_saves_it(client: Client, wire: WireServer, tmp_path: Path) -> None:
    path = "/tts/voices/bark-small/v2/en_speaker%2B6/preview"
    samples: list[bytes] = []
    preview = start_thread(lambda: samples.append(client.preview("bark-small", "v2/en_speaker+6")))
    assert poll(lambda: path in wire.previews)
    wire.succeed(wire.previews[path], {"audio.mp3": b"ID3"})
    preview.join()
    assert samples == [b"ID3"]
    assert client.save_preview("bark-small", "v2/en_speaker+6", tmp_path / "six.mp3").read_bytes() == b"ID3"
    assert len(wire.jobs) == 1


def test_failed_preview_raises_the_error_of_its_job(client: Client, wire: WireServer) -> None:
    wire.previews["/tts/voices/espeak/de/preview"] = wire.add_job("tts.synthesize")
    wire.fail(wire.previews["/tts/voices/espeak/de/preview"])
    with pytest.raises(JobFailed, match="It broke"):
        client.preview("espeak", "de")
    with pytest.raises(BadArgument, match="`voicemill voices` lists both"):
        client.preview("espeak", "")


def test_voices_are_enrolled_with_their_recording_and_deleted(client: Client, wire: WireServer) -> None:
    voice = client.add_voice(("ann.wav", b"speech"), "Ann", consent=True, language="en")
    assert voice["id"] == "voice_1"
    sent = wire.requests[-1]
    assert (sent.file_name, sent.file) == ("ann.wav", b"speech")
    assert sent.form == {"name": ["Ann"], "consent": ["true"], "language": ["en"]}
    client.delete_voice(voice["id"])
    assert (wire.requests[-1].method, wire.requests[-1].path) == ("DELETE", "/voices/voice_1")


def test_a_voice_is_not_enrolled_again_when_the_response_is_lost(client: Client, wire: WireServer) -> None:
    wire.drop_next(path="/voices")
    with pytest.raises(Unreachable):
        client.add_voice(b"speech", "Ann", consent=True)
    assert [request.path for request in wire.requests] == ["/voices"]


def test_keys_are_created_and_revoked(client: Client, wire: WireServer) -> None:
    key = client.keys.create("laptop", scopes=["read"], expires_in_s=60.0)
    assert wire.requests[-1].json == {"name": "laptop", "scopes": ["read"], "expires_in_s": 60.0}
    client.keys.revoke(key["id"])
    assert wire.requests[-1].path == "/keys/k1"


def test_health_of_an_unhealthy_server_is_returned(client: Client, wire: WireServer) -> None:
    assert client.health() == {"status": "ok"}
    wire.answer_next(503, b'{"status": "down"}', path="/audio/health")
    assert client.health() == {"status": "down"}


def test_client_finds_the_server_by_the_environment(wire: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEMILL_URL", wire.url)
    monkeypatch.setenv("VOICEMILL_API_KEY", KEY)
    with Client() as client:
        assert client.jobs.list().data == []
