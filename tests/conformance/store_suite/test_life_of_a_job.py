"""A job from its acceptance to its end, on every database."""

from __future__ import annotations

from jobs.job import Commit, InputObject, NewChunk
from jobs.sql import SqlStore
from jobs.states import ChunkState, JobState, Priority, Step
from tests.job_factories import QUEUE, accept, broken, claim, finished, part, plan, planned, result, worked


def test_accepted_job_reads_back_as_it_was_given(store: SqlStore) -> None:
    given = accept(
        store,
        priority=Priority.BULK,
        labels={"größe": "1"},
        input_key="jobs/acme/x/input/1",
        input_sha256="a" * 64,
        input_bytes=7,
        batch_id="batch_1",
        params={"text": "Grüße\x00 \U0001f600", "speed": 1.5},
    )
    assert store.job("acme", given.id) == given
    assert given.state is JobState.ACCEPTED
    assert given.priority is Priority.BULK
    assert given.params == {"text": "Grüße\x00 \U0001f600", "speed": 1.5}
    assert given.deadline_at - given.created_at == 7 * 86_400_000
    assert store.queue_depths() == {"cpu": 1}


def test_job_passes_through_every_state(store: SqlStore) -> None:
    job = accept(store)
    plan_claim = claim(store)
    assert plan_claim.chunk.step is Step.PLAN
    assert plan_claim.chunk.fence == 1
    assert plan_claim.job.state is JobState.PLANNING
    assert store.commit(plan_claim, plan(plan_claim, 2)) == (QUEUE,)
    assert store.job("acme", job.id).state is JobState.RUNNING

    first, second = claim(store, QUEUE), claim(store, QUEUE)
    assert (first.chunk.idx, second.chunk.idx) == (0, 1)
    assert first.more_ready
    assert not second.more_ready
    assert store.commit(first, Commit(part(first), notes={"engine_s": 1.5})) == ()
    assert store.job("acme", job.id).units_done == 10.0
    assert store.commit(second, Commit(part(second))) == ("cpu",)
    assert store.job("acme", job.id).state is JobState.STITCHING

    stitch = claim(store)
    assert stitch.chunk.step is Step.STITCH
    assert store.commit(stitch, result(stitch)) == ()
    ended = store.job("acme", job.id)
    assert ended.state is JobState.SUCCEEDED
    assert ended.result == result(stitch).result
    assert (ended.chunks_done, ended.chunk_total, ended.units_done, ended.units_total) == (2, 2, 20.0, 20.0)
    assert ended.delete_at - ended.finished_at == 30 * 86_400_000
    assert [chunk.notes for chunk in store.chunks(job.id)] == [{"engine_s": 1.5}, {}]
    assert not broken(store)


def test_plan_without_work_is_stitched_at_once(store: SqlStore) -> None:
    accept(store)
    claimed = claim(store)
    assert store.commit(claimed, plan(claimed, 0)) == ("cpu",)
    stitch = claim(store)
    assert stitch.chunk.step is Step.STITCH
    store.commit(stitch, result(stitch))
    assert not broken(store)


def test_follow_up_holds_the_stitch_back(store: SqlStore) -> None:
    job = planned(store, 1)
    first = claim(store, QUEUE)
    follow_up = NewChunk(
        idx=0, round=2, queue="stt.whisper", units=5.0, span={"idx": 0}, input_keys=[InputObject("jobs/k", "a" * 64, 3)]
    )
    assert store.commit(first, Commit(part(first), new_chunks=[follow_up])) == ("stt.whisper",)
    assert store.claim(["cpu"], "w", lease_ms=1000) is None
    between = store.job("acme", job.id)
    assert (between.chunk_total, between.units_total, between.state) == (2, 15.0, JobState.RUNNING)
    second = claim(store, "stt.whisper")
    assert second.chunk.round == 2
    assert second.chunk.input_keys == (InputObject("jobs/k", "a" * 64, 3),)
    assert store.commit(second, Commit(part(second))) == ("cpu",)
    assert [(chunk.idx, chunk.round) for chunk in store.chunks(job.id)] == [(0, 1), (0, 2)]
    assert not broken(store)


def test_open_queues_are_those_of_chunks_that_wait_or_run(store: SqlStore) -> None:
    job = planned(store, 1)
    planned(store, 1, queue="another job's")
    assert store.open_queues(job.id) == [QUEUE]
    first = claim(store, QUEUE)
    assert store.open_queues(job.id) == [QUEUE]
    again = NewChunk(idx=0, round=2, queue="second", units=0.0, span={})
    store.commit(first, Commit(part(first), new_chunks=[again]))
    assert store.open_queues(job.id) == ["second"]


def test_chunks_page_by_idx_keeps_rounds_together(store: SqlStore) -> None:
    job = planned(store, 3)
    for _ in range(3):
        claimed = claim(store, QUEUE)
        again = NewChunk(idx=claimed.chunk.idx, round=2, queue="second", units=0.0, span={})
        store.commit(claimed, Commit(part(claimed), new_chunks=[again]))
    for _ in range(3):
        claimed = claim(store, "second")
        store.commit(claimed, Commit(part(claimed)))
    seen, after = [], -1
    while page := store.chunks(job.id, after_idx=after, limit=3):
        seen += [(chunk.idx, chunk.round) for chunk in page]
        after = page[-1].idx
    assert seen == [(idx, number) for idx in range(3) for number in (1, 2)]


def test_chunks_come_by_idx_and_round_whatever_was_done_first(store: SqlStore) -> None:
    job = planned(store, 2)
    for queue, next_queue in ((QUEUE, "second"), ("second", "third"), ("third", None)):
        claimed = [claim(store, queue) for _ in range(2)]
        number = claimed[0].chunk.round + 1
        for each in reversed(claimed):
            new = (
                [NewChunk(idx=each.chunk.idx, round=number, queue=next_queue, units=1.0, span={})] if next_queue else []
            )
            store.commit(each, Commit(part(each), new_chunks=new))
    assert [(chunk.idx, chunk.round) for chunk in store.chunks(job.id)] == [
        (idx, number) for idx in range(2) for number in (1, 2, 3)
    ]
    assert not broken(store)


def test_provenance_is_gathered_from_the_chunks(store: SqlStore) -> None:
    job = planned(store, 2)
    for engine in ("torch", "onnx"):
        claimed = claim(store, QUEUE)
        store.commit(claimed, Commit(part(claimed), notes={"provenance": {"engine": engine, engine: "1"}}))
    assert store.job("acme", job.id).provenance == {"engine": "torch", "torch": "1", "onnx": "1"}


def test_retry_takes_finished_chunks_along(store: SqlStore) -> None:
    parent = planned(store, 3)
    done = claim(store, QUEUE)
    store.commit(done, Commit(part(done), notes={"engine_s": 2.0}))
    broken_one = claim(store, QUEUE)
    store.fail(broken_one, {"class": "engine", "code": "engine_failure", "detail": "x", "retryable": False})

    child = accept(store, parent_id=parent.id)
    claimed = claim(store)
    (kept,) = store.chunks(parent.id)
    copy = InputObject(f"jobs/acme/{child.id}/parts/copied", kept.result_sha256, kept.result_bytes)
    queues = store.adopt(claimed, store.plan_chunk(parent.id), [(kept, copy)], plan(claimed, 3))
    assert queues == (QUEUE,)
    now = store.job("acme", child.id)
    assert (now.chunks_done, now.chunk_total, now.units_done) == (1, 3, 10.0)
    (adopted,) = store.chunks(child.id)
    assert (adopted.result_key, adopted.notes, adopted.state) == (copy.key, {"engine_s": 2.0}, ChunkState.SUCCEEDED)
    assert [claim(store, QUEUE).chunk.idx for _ in range(2)] == [1, 2]
    assert not broken(store)


def test_retry_that_keeps_every_chunk_goes_straight_to_stitching(store: SqlStore) -> None:
    parent = finished(store, 2)
    child = accept(store, parent_id=parent.id)
    claimed = claim(store)
    copies = [
        (chunk, InputObject(f"jobs/acme/{child.id}/parts/{chunk.idx}", chunk.result_sha256, chunk.result_bytes))
        for chunk in store.chunks(parent.id)
    ]
    assert store.adopt(claimed, store.plan_chunk(parent.id), copies, plan(claimed, 2)) == ("cpu",)
    assert store.job("acme", child.id).state is JobState.STITCHING
    assert not broken(store)


def test_running_progress_shows_before_it_is_committed(store: SqlStore) -> None:
    job = planned(store, 2)
    claimed = claim(store, QUEUE)
    store.beat([claimed], lease_ms=60_000, progress={claimed.chunk.id: 4.0})
    assert store.job("acme", job.id).units_running == 4.0
    assert store.states([job.id])[job.id].units_running == 4.0
    store.commit(claimed, Commit(part(claimed)))
    now = store.job("acme", job.id)
    assert (now.units_running, now.units_done) == (0.0, 10.0)


def test_mark_changes_with_all_that_a_waiting_client_sees(store: SqlStore) -> None:
    job, other = accept(store), accept(store)
    seen: list[object] = []

    def look() -> None:
        marks = store.marks([job.id, other.id, "job_unknown"])
        assert marks.keys() == {job.id, other.id}
        assert marks == store.marks([job.id, other.id])
        assert all(marks[job.id] != earlier for earlier in seen)
        seen.append(marks[job.id])

    look()
    claimed = claim(store)
    assert claimed.job.id == job.id
    look()
    store.commit(claimed, plan(claimed, 2))
    look()
    claimed = claim(store, QUEUE)
    store.beat([claimed], lease_ms=60_000, progress={claimed.chunk.id: 4.0})
    look()
    store.commit(claimed, Commit(part(claimed)))
    look()
    store.cancel("acme", job.id)
    look()
    store.mark_deleted("acme", job.id)
    look()
    assert store.marks([]) == {}


def test_plan_of_fifteen_thousand_chunks_is_one_commit(store: SqlStore) -> None:
    job = planned(store, 15_000)
    assert job.chunk_total == 15_000
    assert store.queue_depths() == {QUEUE: 15_000}
    assert [claim(store, QUEUE).chunk.idx for _ in range(3)] == [0, 1, 2]


def test_stitch_waits_for_all_work(store: SqlStore) -> None:
    job = worked(store, 3)
    assert job.state is JobState.STITCHING
    assert claim(store).chunk.step is Step.STITCH
    assert store.claim(["cpu"], "w", lease_ms=1000) is None
