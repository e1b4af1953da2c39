"""Which chunks run again after a stitch could not read a part."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.chunk import Chunk, ChunkNotes
from jobs.states import ChunkState, Step
from jobs.stored_object import StoredObject
from workers.chunks.damaged_parts import find_damaged_parts

PLAN = "jobs/t/job_1/parts/plan"


def finished(idx: int, **changes: Any) -> Chunk:
    chunk = Chunk(f"chk_{idx}", "job_1", "t", Step.WORK, 1, idx, "tts.tone", ChunkState.SUCCEEDED, 1, 1.0, {})
    return replace(chunk, **{"part": StoredObject(f"jobs/t/job_1/parts/{idx}", "0" * 64, 8), **changes})


def context(chunks: list[Chunk], damaged: set[str], *, step: Step = Step.STITCH, errors: int = 1) -> Any:
    chunk = Chunk("chk_s", "job_1", "t", step, 0, 0, "cpu", ChunkState.RUNNING, 2, 0.0, {}, error_count=errors)
    plan = finished(0, step=Step.PLAN, part=StoredObject(PLAN, "0" * 64, 8))
    return SimpleNamespace(
        store=SimpleNamespace(jobs=SimpleNamespace(plan_chunk=lambda job_id: plan)),
        claim=SimpleNamespace(chunk=chunk),
        objects=SimpleNamespace(is_damaged=lambda part: part.key in damaged),
        finished_chunks=lambda job_id: iter(chunks),
    )


CHUNKS = [finished(idx) for idx in range(4)]
DAMAGED = {"jobs/t/job_1/parts/1", "jobs/t/job_1/parts/3"}


def test_all_damaged_parts_are_found_at_once() -> None:
    assert [chunk.idx for chunk in find_damaged_parts(context(CHUNKS, DAMAGED))] == [1, 3]


def test_no_chunk_runs_again_where_no_part_is_damaged() -> None:
    assert find_damaged_parts(context(CHUNKS, set())) == []


def test_no_chunk_runs_again_where_the_plan_is_damaged_too() -> None:
    assert find_damaged_parts(context(CHUNKS, {PLAN, *DAMAGED})) == ()


def test_at_the_first_error_the_part_is_only_read_again() -> None:
    assert find_damaged_parts(context(CHUNKS, DAMAGED, errors=0)) == ()


@pytest.mark.parametrize("step", [Step.PLAN, Step.WORK])
def test_only_a_stitch_reports(step: Step) -> None:
    assert find_damaged_parts(context(CHUNKS, DAMAGED, step=step)) == ()


def test_a_part_from_which_other_chunks_were_made_is_not_made_again() -> None:
    chunks = [*CHUNKS[:3], finished(3, notes=ChunkNotes(follow_ups=1))]
    assert find_damaged_parts(context(chunks, DAMAGED)) == ()
