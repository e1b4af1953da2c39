"""The step of a work chunk: request, part, follow-ups."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.states import Step
from pipelines.errors import UnsupportedOption
from workers.chunks.steps.work import WorkStep
from workers.engines.messages import FollowUpSpan, PlanDone, WorkDone, WorkInput
from workers.engines.protocol import ProtocolViolation

SPAN = {"idx": 4, "start": 0.0, "end": 5.0, "units": 5.0, "data": {}, "inputs": []}


@pytest.fixture
def step(contexts: Any) -> WorkStep:
    source = contexts.storage.put_bytes("jobs/t/job_1/plan/piece", b"samples")
    return WorkStep(
        contexts.make(Step.WORK, {"params": {"text": "Hi."}}, {"span": SPAN, "input_keys": (source,), "idx": 4})
    )


def test_the_request_has_the_span_and_the_model(step: WorkStep) -> None:
    request = step.prepare()
    assert request.step == WorkInput("tts.synthesize", {"text": "Hi."}, SPAN)
    assert (request.model, request.shared_by) == ("tone", None)


def test_sources_are_fetched_when_they_are_needed(step: WorkStep, contexts: Any) -> None:
    assert step.fetch_source(0) == "source-0"
    assert contexts.read("source-0") == "samples"
    assert step.fetch_source(1) is None


def test_the_part_is_stored_and_follow_ups_become_chunks_of_the_next_round(step: WorkStep, contexts: Any) -> None:
    (contexts.workdir.path / "part").write_text("speech")
    follow_up = FollowUpSpan("tone-listener", {**SPAN, "units": 2.0})
    commit, _ = step.build_commit(WorkDone("part", 1.5, None, {"revision": "7"}, (follow_up,)))
    assert contexts.storage.stat(commit.part.key) == 6
    assert "work-1-4-3-" in commit.part.key
    assert commit.notes.to_json() == {
        "engine_s": 1.5,
        "provenance": {"engine_entry": "tone", "revision": "7"},
        "follow_ups": 1,
    }
    (chunk,) = commit.new_chunks
    assert (chunk.round, chunk.queue, chunk.units, chunk.span["model"]) == (2, "stt.tone", 2.0, "tone-listener")
    assert [source.key for source in chunk.input_keys] == ["jobs/t/job_1/plan/piece", commit.part.key]


def test_a_follow_up_for_an_unknown_model_is_refused(step: WorkStep, contexts: Any) -> None:
    (contexts.workdir.path / "part").write_text("speech")
    with pytest.raises(UnsupportedOption):
        step.build_commit(WorkDone("part", 1.5, follow_ups=(FollowUpSpan("no-such-model", SPAN),)))


def test_a_work_chunk_leaves_its_part_alone(step: WorkStep, contexts: Any) -> None:
    with pytest.raises(ProtocolViolation):
        step.store_file("extra", contexts.write("out-1", "x"), "text/plain")
    with pytest.raises(ProtocolViolation):
        step.build_commit(PlanDone(1.0, "characters", 1))
