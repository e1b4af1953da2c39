"""Reading and listing jobs and their finished chunks."""

from __future__ import annotations

import pytest

from jobs.chunk import Commit, NewChunk
from jobs.errors import Deleted, NotFound
from jobs.sql import SqlStore
from jobs.states import JobState
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    find_violations,
    make_finished_job,
    make_part,
    make_plan,
    make_planned_job,
    submit_job,
)


def test_job_of_another_tenant_is_not_found(store: SqlStore) -> None:
    job = submit_job(store)
    for call in (store.jobs.get, store.jobs.cancel, store.jobs.delete):
        with pytest.raises(NotFound):
            call("other", job.id)
        with pytest.raises(NotFound):
            call("acme", "job_0")
    assert store.jobs.list("other").jobs == []


def test_jobs_are_listed_newest_first_and_page_by_page(store: SqlStore) -> None:
    made = [submit_job(store).id for _ in range(5)]
    first = store.jobs.list("acme", limit=2)
    second = store.jobs.list("acme", limit=2, after=first.next)
    last = store.jobs.list("acme", limit=2, after=second.next)
    assert [job.id for page in (first, second, last) for job in page.jobs] == made[::-1]
    assert last.next is None


def test_jobs_are_filtered_by_state_kind_batch_and_labels(store: SqlStore) -> None:
    ended = make_finished_job(store, labels={"meeting": "42", 'it\'s "odd".x': "ä"})
    waiting = submit_job(store, kind="stt.transcribe", batch_id="batch_1", labels={"meeting": "42"})

    def found(**filters: object) -> list[str]:
        return [job.id for job in store.jobs.list("acme", **filters).jobs]  # type: ignore[arg-type]

    assert found(state="succeeded") == [ended.id]
    assert found(kind="stt.transcribe") == [waiting.id]
    assert found(batch_id="batch_1") == [waiting.id]
    assert found(labels={"meeting": "42"}) == [waiting.id, ended.id]
    assert found(labels={"meeting": "42", 'it\'s "odd".x': "ä"}) == [ended.id]
    assert found(labels={"meeting": "4"}) == []
    assert found(labels={"$": "x"}) == []


def test_deleted_job_raises_deleted_and_is_not_listed(store: SqlStore) -> None:
    job = make_finished_job(store)
    store.jobs.delete("acme", job.id)
    with pytest.raises(Deleted):
        store.jobs.get("acme", job.id)
    with pytest.raises(Deleted):
        store.jobs.cancel("acme", job.id)
    assert store.jobs.list("acme").jobs == []
    assert store.jobs.get_many([job.id])[job.id].deleted_at is not None


def test_get_many_leaves_params_out(store: SqlStore) -> None:
    one, two = submit_job(store), submit_job(store)
    states = store.jobs.get_many([one.id, two.id, "job_unknown"])
    assert set(states) == {one.id, two.id}
    assert states[one.id].state is JobState.ACCEPTED
    assert not states[one.id].params


def test_jobs_are_counted_by_state(store: SqlStore) -> None:
    store.jobs.delete("acme", make_finished_job(store).id)
    store.jobs.cancel("acme", submit_job(store).id)
    submit_job(store)
    assert store.jobs.count_by_state() == {"accepted": 1, "cancelled": 1}


def test_active_queues_have_ready_or_running_chunks(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    make_planned_job(store, 1, queue="another job's")
    assert store.jobs.active_queues(job.id) == [QUEUE]
    first = claim_chunk(store, QUEUE)
    assert store.jobs.active_queues(job.id) == [QUEUE]
    again = NewChunk(idx=0, round=2, queue="second", units=0.0, span={})
    store.chunks.commit(first, Commit(make_part(first), new_chunks=[again]))
    assert store.jobs.active_queues(job.id) == ["second"]


def test_page_of_finished_chunks_keeps_rounds_together(store: SqlStore) -> None:
    job = make_planned_job(store, 3)
    for _ in range(3):
        claimed = claim_chunk(store, QUEUE)
        again = NewChunk(idx=claimed.chunk.idx, round=2, queue="second", units=0.0, span={})
        store.chunks.commit(claimed, Commit(make_part(claimed), new_chunks=[again]))
    for _ in range(3):
        claimed = claim_chunk(store, "second")
        store.chunks.commit(claimed, Commit(make_part(claimed)))
    seen, after = [], -1
    while page := store.jobs.finished_chunks(job.id, after_idx=after, limit=3):
        seen += [(chunk.idx, chunk.round) for chunk in page]
        after = page[-1].idx
    assert seen == [(idx, number) for idx in range(3) for number in (1, 2)]


def test_finished_chunks_are_ordered_by_idx_and_round(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    for queue, next_queue in ((QUEUE, "second"), ("second", "third"), ("third", None)):
        claimed = [claim_chunk(store, queue) for _ in range(2)]
        number = claimed[0].chunk.round + 1
        for each in reversed(claimed):
            new = (
                [NewChunk(idx=each.chunk.idx, round=number, queue=next_queue, units=1.0, span={})] if next_queue else []
            )
            store.chunks.commit(each, Commit(make_part(each), new_chunks=new))
    assert [(chunk.idx, chunk.round) for chunk in store.jobs.finished_chunks(job.id)] == [
        (idx, number) for idx in range(2) for number in (1, 2, 3)
    ]
    assert not find_violations(store)


def test_version_changes_with_all_that_a_waiting_client_sees(store: SqlStore) -> None:
    job, other = submit_job(store), submit_job(store)
    seen: list[object] = []

    def look() -> None:
        marks = store.jobs.versions([job.id, other.id, "job_unknown"])
        assert marks.keys() == {job.id, other.id}
        assert marks == store.jobs.versions([job.id, other.id])
        assert all(marks[job.id] != earlier for earlier in seen)
        seen.append(marks[job.id])

    look()
    claimed = claim_chunk(store)
    assert claimed.job.id == job.id
    look()
    store.chunks.commit(claimed, make_plan(claimed, 2))
    look()
    claimed = claim_chunk(store, QUEUE)
    store.chunks.heartbeat([claimed], lease_ms=60_000, progress={claimed.chunk.id: 4.0})
    look()
    store.chunks.commit(claimed, Commit(make_part(claimed)))
    look()
    store.jobs.cancel("acme", job.id)
    look()
    store.jobs.delete("acme", job.id)
    look()
    assert store.jobs.versions([]) == {}


def test_progress_of_running_chunks_shows_before_the_commit(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    claimed = claim_chunk(store, QUEUE)
    store.chunks.heartbeat([claimed], lease_ms=60_000, progress={claimed.chunk.id: 4.0})
    assert store.jobs.get("acme", job.id).units_running == 4.0
    assert store.jobs.get_many([job.id])[job.id].units_running == 4.0
    store.chunks.commit(claimed, Commit(make_part(claimed)))
    now = store.jobs.get("acme", job.id)
    assert (now.units_running, now.units_done) == (0.0, 10.0)


def test_id_that_no_column_can_hold_is_not_found(store: SqlStore) -> None:
    with pytest.raises(NotFound):
        store.jobs.get("acme", "job_\0")
