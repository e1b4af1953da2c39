"""The rules of retrying and waiting, driven by hand: no socket, no clock but ours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from framework.client import effects, endpoints
from framework.client.effects import Answer, Attempt, Pause, Stream, apply_event, follow, send
from framework.client.errors import Unavailable, Unreachable, VoicemillError, WaitTimeout
from framework.client.events import Event
from framework.client.job import Job
from framework.client.retry_policy import Retries

RUNNING = {"id": "job_1", "object": "job", "kind": "stt.transcribe", "state": "running", "progress": {"stage": "work"}}
ENDED = {**RUNNING, "state": "succeeded"}


class Script:
    """Carries steps out as told: values are answers, exceptions are thrown, bytes are what a stream brings."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.now = 100.0
        self.done: list[Attempt | Stream | Pause] = []

    def clock(self) -> float:
        return self.now

    def run(self, work: Any) -> Any:
        try:
            step = next(work)
            while True:
                self.done.append(step)
                if isinstance(step, Pause):
                    self.now += step.seconds
                    step = work.send(None)
                    continue
                outcome = self.outcomes.pop(0)
                if isinstance(outcome, VoicemillError):
                    step = work.throw(outcome)
                elif isinstance(step, Stream):
                    step.take(outcome)
                    step = work.send(None)
                else:
                    step = work.send(outcome)
        except StopIteration as end:
            assert not self.outcomes, "more was foreseen"
            return end.value

    @property
    def pauses(self) -> list[float]:
        return [step.seconds for step in self.done if isinstance(step, Pause)]


def answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, {}, json.dumps(value).encode())


def busy(retry_after: str) -> Answer:
    return Answer(503, {"retry-after": retry_after}, b'{"code": "unavailable", "retryable": true}')


def event(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def test_answer_of_the_first_try_is_returned_without_a_pause() -> None:
    script = Script(answer(RUNNING))
    assert script.run(send(endpoints.get_job("job_1"), Retries())).state == "running"
    assert len(script.done) == 1


def test_each_try_waits_as_the_server_asks() -> None:
    script = Script(busy("7"), Unreachable(), busy("9"), answer(RUNNING))
    script.run(send(endpoints.get_job("job_1"), Retries(first_delay_s=0.0)))
    assert script.pauses == [7.0, 0.0, 9.0]


def test_no_retry_begins_after_its_time() -> None:
    script = Script(busy("7"))
    with pytest.raises(Unavailable):
        script.run(send(endpoints.get_job("job_1"), Retries(), until=106.0, clock=script.clock))
    assert script.pauses == []


def test_whoever_waits_survives_two_minutes_without_a_server() -> None:
    script = Script(answer(RUNNING), Unreachable(), *[Unreachable(maybe_sent=False)] * 14, answer(ENDED))
    job = script.run(follow("job_1", Retries(), clock=script.clock))
    assert job.is_successful
    assert script.now - 100.0 > 90.0


def test_outage_longer_than_the_callers_patience_ends_the_wait() -> None:
    script = Script(answer(RUNNING), Unreachable(), Unreachable())
    with pytest.raises(Unreachable):
        script.run(follow("job_1", Retries(first_delay_s=3.0), timeout_s=2.0, clock=script.clock))


def test_stream_that_is_refused_is_not_asked_for_again() -> None:
    script = Script(
        answer(RUNNING), Unavailable(status=503, retryable=False), answer(RUNNING), answer(RUNNING), answer(ENDED)
    )
    script.run(follow("job_1", Retries(), clock=script.clock))
    assert [type(step).__name__ for step in script.done if not isinstance(step, Pause)] == [
        "Attempt",
        "Stream",
        "Attempt",
        "Attempt",
        "Attempt",
    ]
    polls = [step.call.params for step in script.done if isinstance(step, Attempt)]
    assert polls == [{}, {}, {"wait": "5"}, {"wait": "5"}]


def test_stream_that_is_not_to_be_had_just_now_is_asked_for_again() -> None:
    script = Script(answer(RUNNING), Unavailable(status=503), answer(RUNNING), event("state", ENDED), answer(ENDED))
    script.run(follow("job_1", Retries(), clock=script.clock))
    assert sum(isinstance(step, Stream) for step in script.done) == 2


def test_polls_that_are_answered_at_once_are_paced() -> None:
    script = Script(answer(RUNNING), Unavailable(status=404, retryable=False), *[answer(RUNNING)] * 4, answer(ENDED))
    script.run(follow("job_1", Retries(first_delay_s=0.5), clock=script.clock))
    assert script.pauses == [1.0] * 4


def test_last_state_comes_from_the_job_itself() -> None:
    """The stream leaves the request out, so its news is not the answer."""
    seen: list[Job] = []
    script = Script(answer(RUNNING), event("state", ENDED), answer({**ENDED, "request": {"language": "en"}}))
    job = script.run(follow("job_1", Retries(), on_progress=seen.append, clock=script.clock))
    assert job.raw["request"] == {"language": "en"}
    assert [told.state for told in seen] == ["running", "succeeded"]


def test_timeout_names_the_job_as_last_seen() -> None:
    script = Script(answer(RUNNING))
    with pytest.raises(WaitTimeout, match="job_1 is still running after 0 s"):
        script.run(follow("job_1", Retries(), timeout_s=0.0, clock=script.clock))


@pytest.mark.parametrize(
    ("told", "state", "done"),
    [
        (Event("progress", {"stage": "work", "done": 5.0, "total": 9.0}), "running", 5.0),
        (Event("state", {"state": "stitching"}), "stitching", 0.0),
        (Event("state", ENDED), "succeeded", 0.0),
        (Event("state", {"object": "job", "id": "job_1", "state": "deleted"}), "running", 0.0),
        (Event("segment", {"text": "Hello."}), "running", 0.0),
        (Event("news of tomorrow", {"value": 3}), "running", 0.0),
        (Event("state", {**RUNNING, "progress": {"stage": "work", "done": 7.0}}), "running", 7.0),
    ],
)
def test_event_changes_what_it_tells(told: Event, state: str, done: float) -> None:
    job = apply_event(Job.parse(RUNNING), told)
    assert (job.state, job.progress.done) == (state, done)


def test_closing_a_download_half_way_leaves_nothing(tmp_path: Any) -> None:
    job = Job.parse({**ENDED, "result": {"files": [{"name": "a.txt", "bytes": 10, "sha256": None}]}})
    work = effects.download(job, "a.txt", tmp_path / "a.txt", Retries())
    step = next(work)
    assert isinstance(step, Stream)
    step.take(b"half")
    work.close()
    assert list(tmp_path.iterdir()) == []
