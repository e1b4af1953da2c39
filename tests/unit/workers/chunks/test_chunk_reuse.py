"""Which chunks of a parent a retry reuses."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.chunk import Chunk, ChunkNotes, Claim, NewChunk
from jobs.errors import NotFound
from jobs.job import Job
from jobs.states import ChunkState, JobState, Priority, Step
from jobs.stored_object import StoredObject
from workers.chunks.chunk_reuse import reuse_parent_chunks

PARAMS = {"text": "Good morning.", "speed": 1.0}


def job(number: int, **changes: Any) -> Job:
    made = Job(f"job_{number}", "t", "tts.synthesize", "tone", JobState.RUNNING, Priority.NORMAL, PARAMS, {}, 0, 0, 0)
    return replace(made, **changes)


def part(idx: int, text: str, **changes: Any) -> Chunk:
    """A chunk that the parent has finished."""
    chunk = Chunk(f"chk_{idx}", "job_1", "t", Step.WORK, 1, idx, "tts.tone", ChunkState.SUCCEEDED, 1, 1.0, span(text))
    made = replace(chunk, part=StoredObject(f"jobs/t/job_1/parts/{idx}", f"{idx}" * 64, 8))
    return replace(made, **changes)


def span(text: str) -> dict[str, Any]:
    return {"data": {"text": text}}


class Context:
    """A chunk context with a parent in the store; copies whatever is there."""

    def __init__(self, parent: Job, finished: list[Chunk], child: Job) -> None:
        plan = Chunk("chk_p", child.id, "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, 5, 0.0, {})
        self.claim = Claim(child, plan, 60_000)
        self.store = SimpleNamespace(jobs=SimpleNamespace(get=lambda tenant, name: parent))
        self.objects = SimpleNamespace(copy=self._copy, is_damaged=lambda source: source.key in self.corrupt)
        self.missing: set[str] = set()
        self.corrupt: set[str] = set()
        self._finished = finished

    def finished_chunks(self, job_id: str) -> list[Chunk]:
        return self._finished

    def _copy(self, source: StoredObject, key: str) -> StoredObject:
        if source.key in self.missing:
            raise NotFound
        return StoredObject(key, source.sha256, source.bytes)


NEW = [NewChunk(0, "tts.tone", 1.0, span("One.")), NewChunk(1, "tts.tone", 1.0, span("Two."))]


def reused(
    finished: list[Chunk], *, missing: tuple[str, ...] = (), corrupt: tuple[str, ...] = (), **changes: Any
) -> list[int]:
    """The numbers of the chunks that a retry with these changes reuses."""
    context = Context(job(1), finished, job(2, **{"parent_id": "job_1", **changes}))
    context.missing, context.corrupt = set(missing), set(corrupt)
    chunks = reuse_parent_chunks(context, NEW)  # type: ignore[arg-type]
    assert all(each.part.key.startswith("jobs/t/job_2/parts/work-1-") for each in chunks)
    # Their engine time is the parent's.
    assert all(each.chunk.notes.engine_s == 0.0 for each in chunks)
    return [each.chunk.idx for each in chunks]


def test_equal_chunks_are_reused() -> None:
    assert reused([part(0, "One."), part(1, "Two.")]) == [0, 1]


def test_a_chunk_whose_part_is_corrupt_is_made_again() -> None:
    assert reused([part(0, "One."), part(1, "Two.")], corrupt=("jobs/t/job_1/parts/0",)) == [1]


def test_a_chunk_with_another_span_is_made_again() -> None:
    assert reused([part(0, "Quite another."), part(1, "Two.")]) == [1]


def test_a_chunk_with_other_inputs_is_made_again() -> None:
    assert reused([part(0, "One.", input_keys=[StoredObject("k", "a" * 64, 1)]), part(1, "Two.")]) == [1]


def test_a_chunk_that_asked_for_follow_ups_is_made_again() -> None:
    assert reused([part(0, "One.", notes=ChunkNotes(follow_ups=1)), part(1, "Two.")]) == [1]


def test_an_object_that_is_gone_is_made_again() -> None:
    assert reused([part(0, "One."), part(1, "Two.")], missing=("jobs/t/job_1/parts/0",)) == [1]


@pytest.mark.parametrize(
    "changes",
    [{"parent_id": None}, {"model": "espeak"}, {"params": {**PARAMS, "speed": 2.0}}],
    ids=["no parent", "another model", "another setting"],
)
def test_another_request_reuses_nothing(changes: dict[str, Any]) -> None:
    assert reused([part(0, "One."), part(1, "Two.")], **changes) == []


def test_labels_and_priority_make_no_other_request() -> None:
    assert reused([part(0, "One."), part(1, "Two.")], params={**PARAMS, "labels": {"a": "b"}, "priority": "bulk"}) == [
        0,
        1,
    ]
