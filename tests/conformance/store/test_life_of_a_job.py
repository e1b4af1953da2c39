"""A job from its submission to its end, on every database."""

from __future__ import annotations

from jobs.chunk import ChunkNotes, Commit
from jobs.sql import SqlStore
from jobs.states import JobState, Step
from tests.job_factories import QUEUE, claim_chunk, find_violations, make_part, make_plan, make_result, submit_job


def test_job_passes_through_every_state(store: SqlStore) -> None:
    job = submit_job(store)
    plan_claim = claim_chunk(store)
    assert plan_claim.chunk.step is Step.PLAN
    assert plan_claim.chunk.fence == 1
    assert plan_claim.job.state is JobState.PLANNING
    assert store.chunks.commit(plan_claim, make_plan(plan_claim, 2)) == (QUEUE,)
    assert store.jobs.get("acme", job.id).state is JobState.RUNNING

    first, second = claim_chunk(store, QUEUE), claim_chunk(store, QUEUE)
    assert (first.chunk.idx, second.chunk.idx) == (0, 1)
    assert first.more_ready
    assert not second.more_ready
    assert store.chunks.commit(first, Commit(make_part(first), notes=ChunkNotes(engine_s=1.5))) == ()
    assert store.jobs.get("acme", job.id).units_done == 10.0
    assert store.chunks.commit(second, Commit(make_part(second))) == ("cpu",)
    assert store.jobs.get("acme", job.id).state is JobState.STITCHING

    stitch = claim_chunk(store)
    assert stitch.chunk.step is Step.STITCH
    assert store.chunks.commit(stitch, make_result(stitch)) == ()
    ended = store.jobs.get("acme", job.id)
    assert ended.state is JobState.SUCCEEDED
    assert ended.result == make_result(stitch).result
    assert (ended.chunks_done, ended.chunk_total, ended.units_done, ended.units_total) == (2, 2, 20.0, 20.0)
    assert ended.delete_at is not None
    assert ended.finished_at is not None
    assert ended.delete_at - ended.finished_at == 30 * 86_400_000
    assert [chunk.notes for chunk in store.jobs.finished_chunks(job.id)] == [ChunkNotes(engine_s=1.5), ChunkNotes()]
    assert not find_violations(store)


def test_plan_without_work_is_stitched_at_once(store: SqlStore) -> None:
    submit_job(store)
    claimed = claim_chunk(store)
    assert store.chunks.commit(claimed, make_plan(claimed, 0)) == ("cpu",)
    stitch = claim_chunk(store)
    assert stitch.chunk.step is Step.STITCH
    store.chunks.commit(stitch, make_result(stitch))
    assert not find_violations(store)
