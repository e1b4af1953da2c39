"""Recording jobs, finding them again, and the promise of an Idempotency-Key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from jobs.errors import Deleted, IdempotencyInFlight, IdempotencyMismatch, NotFound
from jobs.job import Idempotency
from jobs.sql import SqlStore
from jobs.states import ChunkState, JobState, Priority
from jobs.store import Accepted
from tests.job_factories import accept, broken, finished, new_job, sql

PROMISE = Idempotency("/tts/synthesize", "key-1", "a" * 64)


def test_same_key_and_body_answers_with_the_first_job(store: SqlStore) -> None:
    first = store.accept(new_job(), PROMISE)
    again = store.accept(new_job(), PROMISE)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.job == first.job
    assert store.replay("acme", PROMISE) == first.job
    assert store.queue_depths() == {"cpu": 1}


@pytest.mark.parametrize("promise", [None, PROMISE], ids=["without a key", "with a key"])
def test_answer_to_a_submit_is_the_job_as_recorded(store: SqlStore, promise: Idempotency | None) -> None:
    asked = new_job(
        priority=Priority.BULK,
        params={"text": "Hé\n", "speed": 1.5, "lexicon": None},
        labels={},
        batch_id="bat_1",
        parent_id="job_0",
        input_key="jobs/acme/x",
        input_sha256="a" * 64,
        input_bytes=3_000_000_000,
        webhook_url="https://example.org/hook" if promise else None,
        deadline_s=90.5,
        retain_s=0.0,
    )
    told = store.accept(asked, promise).job
    assert store.job("acme", told.id) == told
    assert told.deadline_at - told.created_at == 90_500
    plan = store.plan_chunk(told.id)
    assert (plan.state, plan.queue, plan.fence, dict(plan.span)) == (ChunkState.READY, "cpu", 0, {})
    [row] = sql(store, "SELECT age, available_at, priority FROM chunks WHERE id = :id", id=plan.id)
    assert (row.age, row.available_at, row.priority) == (told.created_at, told.created_at, Priority.BULK.rank)


def test_replay_shows_the_job_as_it_is_now(store: SqlStore) -> None:
    first = store.accept(new_job(), PROMISE)
    store.cancel("acme", first.job.id)
    assert store.accept(new_job(), PROMISE).job.state is JobState.CANCELLED


def test_same_key_with_another_body_is_refused(store: SqlStore) -> None:
    store.accept(new_job(), PROMISE)
    other = Idempotency(PROMISE.route, PROMISE.key, "b" * 64)
    with pytest.raises(IdempotencyMismatch):
        store.accept(new_job(), other)
    with pytest.raises(IdempotencyMismatch):
        store.replay("acme", other)
    assert store.queue_depths() == {"cpu": 1}


def test_a_key_belongs_to_one_tenant_and_one_route(store: SqlStore) -> None:
    jobs = {
        store.accept(new_job(), PROMISE).job.id,
        store.accept(new_job(tenant_id="other"), PROMISE).job.id,
        store.accept(new_job(), Idempotency("/stt/transcribe", PROMISE.key, PROMISE.fingerprint)).job.id,
    }
    assert len(jobs) == 3
    assert not broken(store)


def test_a_key_is_free_again_after_a_day(store: SqlStore) -> None:
    first = store.accept(new_job(), PROMISE)
    sql(store, "UPDATE idempotency SET expires_at = :at", at=store.now_ms() - 1)
    assert store.replay("acme", PROMISE) is None
    second = store.accept(new_job(), PROMISE)
    assert second.job.id != first.job.id
    assert store.accept(new_job(), PROMISE).job == second.job


def test_a_lasting_key_outlives_the_day_and_goes_with_its_job(store: SqlStore) -> None:
    lasting = replace(PROMISE, is_lasting=True)
    first = store.accept(new_job(), lasting).job
    sql(store, "UPDATE idempotency SET expires_at = expires_at - 31536000000")  # a year goes by
    store.sweep(may_rescue=False)
    assert store.accept(new_job(), lasting) == Accepted(first, replayed=True)
    store.mark_deleted("acme", first.id)
    assert store.replay("acme", lasting) is None
    second = store.accept(new_job(), lasting)
    assert (second.replayed, second.job.id != first.id) == (False, True)
    assert store.replay("acme", lasting) == second.job
    assert not broken(store)


def test_a_lasting_key_is_free_once_its_job_has_come_to_nothing(store: SqlStore) -> None:
    lasting = replace(PROMISE, is_lasting=True)
    first = store.accept(new_job(), lasting).job
    store.cancel("acme", first.id)
    assert store.replay("acme", lasting) is None
    assert store.replay("other", lasting) is None
    assert store.accept(new_job(), lasting).job.id != first.id
    with pytest.raises(IdempotencyMismatch):
        store.accept(new_job(), replace(lasting, fingerprint="b" * 64))


def test_fifty_requests_with_one_key_make_one_job(store: SqlStore) -> None:
    def ask(_: int) -> str | None:
        try:
            return store.accept(new_job(), PROMISE).job.id
        except IdempotencyInFlight:
            return None

    with ThreadPoolExecutor(10) as threads:
        answers = set(threads.map(ask, range(50)))
    assert len(answers - {None}) == 1
    assert store.queue_depths() == {"cpu": 1}
    assert not broken(store)


def test_another_tenants_job_is_not_there(store: SqlStore) -> None:
    job = accept(store)
    for ask in (store.job, store.cancel, store.mark_deleted):
        with pytest.raises(NotFound):
            ask("other", job.id)
        with pytest.raises(NotFound):
            ask("acme", "job_0")
    assert store.jobs("other").jobs == []


def test_jobs_are_listed_newest_first_and_page_by_page(store: SqlStore) -> None:
    made = [accept(store).id for _ in range(5)]
    first = store.jobs("acme", limit=2)
    second = store.jobs("acme", limit=2, after=first.next)
    last = store.jobs("acme", limit=2, after=second.next)
    assert [job.id for page in (first, second, last) for job in page.jobs] == made[::-1]
    assert last.next is None


def test_jobs_are_filtered_by_state_kind_batch_and_labels(store: SqlStore) -> None:
    ended = finished(store, labels={"meeting": "42", 'it\'s "odd".x': "ä"})
    waiting = accept(store, kind="stt.transcribe", batch_id="batch_1", labels={"meeting": "42"})

    def found(**filters: object) -> list[str]:
        return [job.id for job in store.jobs("acme", **filters).jobs]  # type: ignore[arg-type]

    assert found(state="succeeded") == [ended.id]
    assert found(kind="stt.transcribe") == [waiting.id]
    assert found(batch_id="batch_1") == [waiting.id]
    assert found(labels={"meeting": "42"}) == [waiting.id, ended.id]
    assert found(labels={"meeting": "42", 'it\'s "odd".x': "ä"}) == [ended.id]
    assert found(labels={"meeting": "4"}) == []
    assert found(labels={"$": "x"}) == []


def test_deleted_job_is_named_as_such_and_listed_no_more(store: SqlStore) -> None:
    job = finished(store)
    store.mark_deleted("acme", job.id)
    with pytest.raises(Deleted):
        store.job("acme", job.id)
    with pytest.raises(Deleted):
        store.cancel("acme", job.id)
    assert store.jobs("acme").jobs == []
    assert store.states([job.id])[job.id].deleted_at is not None


def test_watched_states_come_without_params(store: SqlStore) -> None:
    one, two = accept(store), accept(store)
    states = store.states([one.id, two.id, "job_unknown"])
    assert set(states) == {one.id, two.id}
    assert states[one.id].state is JobState.ACCEPTED
    assert not states[one.id].params


def test_job_counts_are_by_state(store: SqlStore) -> None:
    store.mark_deleted("acme", finished(store).id)
    store.cancel("acme", accept(store).id)
    accept(store)
    assert store.job_counts() == {"accepted": 1, "cancelled": 1}
