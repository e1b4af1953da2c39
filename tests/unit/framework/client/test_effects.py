"""Retries, waiting and downloads, driven by a script of outcomes: no socket, and a clock of the test's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from framework.client import effects, endpoints
from framework.client.effects import HttpResponse, SendRequest, Sleep, StreamResponse, apply_event, send, wait_for_job
from framework.client.errors import Unavailable, Unreachable, VoicemillError, WaitTimeout
from framework.client.events import Event
from framework.client.job import Job
from framework.client.retry_policy import RetryPolicy

RUNNING = {"id": "job_1", "object": "job", "kind": "stt.transcribe", "state": "running", "progress": {"stage": "work"}}
ENDED = {**RUNNING, "state": "succeeded"}


class Script:
    """Performs effects with given outcomes: exceptions are thrown, bytes are the block of a stream, else responses."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.now = 100.0
        self.done: list[SendRequest | StreamResponse | Sleep] = []

    def clock(self) -> float:
        return self.now

    def run(self, work: Any) -> Any:
        try:
            effect = next(work)
            while True:
                self.done.append(effect)
                if isinstance(effect, Sleep):
                    self.now += effect.seconds
                    effect = work.send(None)
                    continue
                outcome = self.outcomes.pop(0)
                if isinstance(outcome, VoicemillError):
                    effect = work.throw(outcome)
                elif isinstance(effect, StreamResponse):
                    effect.consume(outcome)
                    effect = work.send(None)
                else:
                    effect = work.send(outcome)
        except StopIteration as end:
            assert not self.outcomes, "outcomes are left"
            return end.value

    @property
    def pauses(self) -> list[float]:
        return [effect.seconds for effect in self.done if isinstance(effect, Sleep)]


def response(value: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, json.dumps(value).encode())


def busy(retry_after: str) -> HttpResponse:
    return HttpResponse(503, {"retry-after": retry_after}, b'{"code": "unavailable", "retryable": true}')


def encode_event(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def test_response_of_the_first_attempt_is_returned_without_a_pause() -> None:
    script = Script(response(RUNNING))
    assert script.run(send(endpoints.get_job("job_1"), RetryPolicy())).state == "running"
    assert len(script.done) == 1


def test_each_retry_waits_as_the_server_asks() -> None:
    script = Script(busy("7"), Unreachable(), busy("9"), response(RUNNING))
    script.run(send(endpoints.get_job("job_1"), RetryPolicy(first_delay_s=0.0)))
    assert script.pauses == [7.0, 0.0, 9.0]


def test_no_retry_begins_after_the_deadline() -> None:
    script = Script(busy("7"))
    with pytest.raises(Unavailable):
        script.run(send(endpoints.get_job("job_1"), RetryPolicy(), deadline=106.0, clock=script.clock))
    assert script.pauses == []


def test_waiting_survives_two_minutes_without_a_server() -> None:
    script = Script(response(RUNNING), Unreachable(), *[Unreachable(maybe_sent=False)] * 14, response(ENDED))
    job = script.run(wait_for_job("job_1", RetryPolicy(), clock=script.clock))
    assert job.is_successful
    assert script.now - 100.0 > 90.0


def test_outage_longer_than_the_timeout_ends_the_wait() -> None:
    script = Script(response(RUNNING), Unreachable(), Unreachable())
    with pytest.raises(Unreachable):
        script.run(wait_for_job("job_1", RetryPolicy(first_delay_s=3.0), timeout_s=2.0, clock=script.clock))


def test_stream_that_is_refused_is_not_requested_again() -> None:
    script = Script(
        response(RUNNING),
        Unavailable(status=503, retryable=False),
        response(RUNNING),
        response(RUNNING),
        response(ENDED),
    )
    script.run(wait_for_job("job_1", RetryPolicy(), clock=script.clock))
    assert [type(effect).__name__ for effect in script.done if not isinstance(effect, Sleep)] == [
        "SendRequest",
        "StreamResponse",
        "SendRequest",
        "SendRequest",
        "SendRequest",
    ]
    polls = [effect.request.params for effect in script.done if isinstance(effect, SendRequest)]
    assert polls == [{}, {}, {"wait": "5"}, {"wait": "5"}]


def test_stream_that_is_temporarily_refused_is_requested_again() -> None:
    script = Script(
        response(RUNNING), Unavailable(status=503), response(RUNNING), encode_event("state", ENDED), response(ENDED)
    )
    script.run(wait_for_job("job_1", RetryPolicy(), clock=script.clock))
    assert sum(isinstance(effect, StreamResponse) for effect in script.done) == 2


def test_polls_that_are_answered_at_once_are_paced() -> None:
    script = Script(
        response(RUNNING), Unavailable(status=404, retryable=False), *[response(RUNNING)] * 4, response(ENDED)
    )
    script.run(wait_for_job("job_1", RetryPolicy(first_delay_s=0.5), clock=script.clock))
    assert script.pauses == [1.0] * 4


def test_final_job_comes_from_its_endpoint() -> None:
    """The stream leaves out the field `request`, so its last event is not the result."""
    seen: list[Job] = []
    script = Script(response(RUNNING), encode_event("state", ENDED), response({**ENDED, "request": {"language": "en"}}))
    job = script.run(wait_for_job("job_1", RetryPolicy(), on_progress=seen.append, clock=script.clock))
    assert job.raw["request"] == {"language": "en"}
    assert [job.state for job in seen] == ["running", "succeeded"]


def test_stream_of_comments_alone_does_not_outlast_the_timeout() -> None:
    work = wait_for_job("job_1", RetryPolicy(), timeout_s=5.0, clock=(script := Script()).clock)
    next(work)
    stream = work.send(response(RUNNING))
    assert isinstance(stream, StreamResponse)
    assert not stream.consume(b": keep-alive\n\n")
    script.now += 5.0
    assert stream.consume(b": keep-alive\n\n")


def test_timeout_names_the_job_as_last_seen() -> None:
    script = Script(response(RUNNING))
    with pytest.raises(WaitTimeout, match="job_1 is still running after 0 s"):
        script.run(wait_for_job("job_1", RetryPolicy(), timeout_s=0.0, clock=script.clock))


@pytest.mark.parametrize(
    ("event", "state", "done"),
    [
        (Event("progress", {"stage": "work", "done": 5.0, "total": 9.0}), "running", 5.0),
        (Event("state", {"state": "stitching"}), "stitching", 0.0),
        (Event("state", ENDED), "succeeded", 0.0),
        (Event("state", {"object": "job", "id": "job_1", "state": "deleted"}), "running", 0.0),
        (Event("segment", {"text": "Hello."}), "running", 0.0),
        (Event("unknown", {"value": 3}), "running", 0.0),
        (Event("state", {**RUNNING, "progress": {"stage": "work", "done": 7.0}}), "running", 7.0),
    ],
)
def test_event_is_applied_to_the_job(event: Event, state: str, done: float) -> None:
    job = apply_event(Job.parse(RUNNING), event)
    assert (job.state, job.progress.done) == (state, done)


def test_closing_a_download_half_way_leaves_nothing(tmp_path: Any) -> None:
    job = Job.parse({**ENDED, "result": {"files": [{"name": "a.txt", "bytes": 10, "sha256": None}]}})
    work = effects.download_file(job, "a.txt", tmp_path / "a.txt", RetryPolicy())
    effect = next(work)
    assert isinstance(effect, StreamResponse)
    effect.consume(b"half")
    work.close()
    assert list(tmp_path.iterdir()) == []
