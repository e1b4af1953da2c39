"""What a commit adds to the job: follow-ups, the stitch chunk, reused chunks, provenance."""

from __future__ import annotations

from jobs.chunk import ChunkNotes, Commit, NewChunk, ReusedChunk
from jobs.failure import ErrorClass, Failure
from jobs.sql import SqlStore
from jobs.states import ChunkState, JobState, Step
from jobs.stored_object import StoredObject
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    find_violations,
    make_finished_job,
    make_part,
    make_plan,
    make_planned_job,
    make_worked_job,
    submit_job,
)


def test_follow_up_delays_the_stitch(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    first = claim_chunk(store, QUEUE)
    follow_up = NewChunk(
        idx=0,
        round=2,
        queue="stt.whisper",
        units=5.0,
        span={"idx": 0},
        input_keys=[StoredObject("jobs/k", "a" * 64, 3)],
    )
    assert store.chunks.commit(first, Commit(make_part(first), new_chunks=[follow_up])) == ("stt.whisper",)
    assert store.chunks.claim(["cpu"], "w", lease_ms=1000) is None
    between = store.jobs.get("acme", job.id)
    assert (between.chunk_total, between.units_total, between.state) == (2, 15.0, JobState.RUNNING)
    second = claim_chunk(store, "stt.whisper")
    assert second.chunk.round == 2
    assert second.chunk.input_keys == (StoredObject("jobs/k", "a" * 64, 3),)
    assert store.chunks.commit(second, Commit(make_part(second))) == ("cpu",)
    assert [(chunk.idx, chunk.round) for chunk in store.jobs.finished_chunks(job.id)] == [(0, 1), (0, 2)]
    assert not find_violations(store)


def test_provenance_is_merged_from_the_chunks(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    for engine in ("torch", "onnx"):
        claimed = claim_chunk(store, QUEUE)
        notes = ChunkNotes(provenance={"engine": engine, engine: "1"})
        store.chunks.commit(claimed, Commit(make_part(claimed), notes=notes))
    assert store.jobs.get("acme", job.id).provenance == {"engine": "torch", "torch": "1", "onnx": "1"}


def test_retry_reuses_finished_chunks(store: SqlStore) -> None:
    parent = make_planned_job(store, 3)
    done = claim_chunk(store, QUEUE)
    store.chunks.commit(done, Commit(make_part(done), notes=ChunkNotes(engine_s=2.0)))
    failed = claim_chunk(store, QUEUE)
    store.chunks.fail(failed, Failure(ErrorClass.ENGINE, "engine_failure", "x"))

    child = submit_job(store, parent_id=parent.id)
    claimed = claim_chunk(store)
    (kept,) = store.jobs.finished_chunks(parent.id)
    copy = StoredObject(f"jobs/acme/{child.id}/parts/copied", "b" * 64, 5)
    queues = store.chunks.commit_reused(claimed, [ReusedChunk(kept, copy)], make_plan(claimed, 3))
    assert queues == (QUEUE,)
    now = store.jobs.get("acme", child.id)
    assert (now.chunks_done, now.chunk_total, now.units_done) == (1, 3, 10.0)
    (reused,) = store.jobs.finished_chunks(child.id)
    assert (reused.part, reused.notes, reused.state) == (copy, ChunkNotes(engine_s=2.0), ChunkState.SUCCEEDED)
    assert [claim_chunk(store, QUEUE).chunk.idx for _ in range(2)] == [1, 2]
    assert not find_violations(store)


def test_retry_that_reuses_every_chunk_starts_with_the_stitch(store: SqlStore) -> None:
    parent = make_finished_job(store, 2)
    child = submit_job(store, parent_id=parent.id)
    claimed = claim_chunk(store)
    copies = [
        ReusedChunk(chunk, StoredObject(f"jobs/acme/{child.id}/parts/{chunk.idx}", "b" * 64, 5))
        for chunk in store.jobs.finished_chunks(parent.id)
    ]
    assert store.chunks.commit_reused(claimed, copies, make_plan(claimed, 2)) == ("cpu",)
    assert store.jobs.get("acme", child.id).state is JobState.STITCHING
    assert not find_violations(store)


def test_plan_of_fifteen_thousand_chunks_is_one_commit(store: SqlStore) -> None:
    job = make_planned_job(store, 15_000)
    assert job.chunk_total == 15_000
    assert store.chunks.depths() == {QUEUE: 15_000}
    assert [claim_chunk(store, QUEUE).chunk.idx for _ in range(3)] == [0, 1, 2]


def test_stitch_waits_for_all_work(store: SqlStore) -> None:
    job = make_worked_job(store, 3)
    assert job.state is JobState.STITCHING
    assert claim_chunk(store).chunk.step is Step.STITCH
    assert store.chunks.claim(["cpu"], "w", lease_ms=1000) is None
