"""The step of a plan: request, stored files, work chunks."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from jobs.states import Step
from workers.chunks.steps.plan import PlanStep
from workers.engines.messages import PLAN_FILE, SOURCE_FILE, PlanDone, PlanInput, StitchDone
from workers.engines.protocol import ProtocolViolation

SPAN = {"idx": 0, "start": 0.0, "end": 5.0, "units": 5.0, "data": {"text": "Hi."}, "inputs": []}


def plan(contexts: Any, **job: Any) -> PlanStep:
    return PlanStep(contexts.make(Step.PLAN, {"params": {"text": "Hello."}, **job}, {"queue": "cpu"}))


def write_plan(contexts: Any, *spans: dict[str, Any]) -> None:
    lines = [{"header": {}}, *spans]
    (contexts.workdir.path / PLAN_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_plain_text_may_share_a_process_and_has_the_limits_of_its_model(contexts: Any) -> None:
    request = plan(contexts).prepare()
    assert isinstance(request.step, PlanInput)
    assert (request.model, request.shared_by, request.step.has_source) == ("tone", "t", False)
    assert request.step.limits.sample_rate_hz == 16_000


def test_an_upload_is_fetched_and_needs_a_process_of_its_own(contexts: Any) -> None:
    data = b"a document"
    contexts.storage.put_bytes("jobs/t/job_1/input/upload", data)
    stored = {"input_key": "jobs/t/job_1/input/upload", "input_sha256": hashlib.sha256(data).hexdigest()}
    request = plan(contexts, params={"text": None}, input_bytes=len(data), **stored).prepare()
    assert request.shared_by is None and request.step.has_source
    assert contexts.read(SOURCE_FILE) == "a document"


def test_spans_become_work_chunks_and_unused_files_are_noted(contexts: Any) -> None:
    step = plan(contexts)
    step.store_file("piece-0", contexts.write("out-1", "samples"), "audio/wav")
    step.store_file("cover", contexts.write("out-2", "picture"), "image/png")
    write_plan(contexts, {**SPAN, "inputs": ["piece-0"]})
    commit, reused = step.build_commit(PlanDone(5.0, "characters", 1))
    assert not reused
    assert (commit.units_total, commit.unit) == (5.0, "characters")
    (chunk,) = commit.new_chunks
    assert (chunk.queue, chunk.units, chunk.span["data"]) == ("tts.tone", 5.0, {"text": "Hi."})
    assert [source.bytes for source in chunk.input_keys] == [7]
    assert [file.name for file in commit.notes.files] == ["cover"]
    assert contexts.storage.stat(commit.part.key) == commit.part.bytes


def test_another_number_of_spans_than_reported_is_a_violation(contexts: Any) -> None:
    write_plan(contexts, SPAN)
    with pytest.raises(ProtocolViolation):
        plan(contexts).build_commit(PlanDone(5.0, "characters", 2))


@pytest.mark.parametrize(
    "line",
    [
        b'{"idx": 0}',
        b"[]",
        b"7",
        b"{",
        b"[" * 100_000,
        b'"\xff"',
        json.dumps({**SPAN, "units": "many"}).encode(),
        json.dumps({**SPAN, "idx": float("inf")}).encode(),
        json.dumps({**SPAN, "inputs": ["never stored"]}).encode(),
        json.dumps({**SPAN, "inputs": [["never stored"]]}).encode(),
        json.dumps({**SPAN, "inputs": None}).encode(),
    ],
    ids=lambda line: line[:40].decode(errors="replace"),
)
def test_a_line_that_is_no_span_is_a_violation(contexts: Any, line: bytes) -> None:
    (contexts.workdir.path / PLAN_FILE).write_bytes(b'{"header": {}}\n' + line + b"\n")
    with pytest.raises(ProtocolViolation):
        plan(contexts).build_commit(PlanDone(5.0, "characters", 1))


def test_an_empty_plan_is_a_violation(contexts: Any) -> None:
    (contexts.workdir.path / PLAN_FILE).write_bytes(b"")
    with pytest.raises(ProtocolViolation):
        plan(contexts).build_commit(PlanDone(0.0, "characters", 0))


def test_a_plan_ends_as_a_plan(contexts: Any) -> None:
    with pytest.raises(ProtocolViolation):
        plan(contexts).build_commit(StitchDone(1.0, {}))
    assert plan(contexts).fetch_source(0) is None
