"""Random histories of jobs on real databases: whatever order things happen in, the invariants hold.

Workers here are zombies too: every claim ever made stays in play, and an attempt that lost its chunk must be refused.
Time passes by moving rows, so that no sleep and no switch in the product is needed.
`VOICEMILL_STATE_EXAMPLES=10000` runs that many random histories; unset runs the same few every time.
"""

from __future__ import annotations

import os
from typing import ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from jobs.errors import LeaseLost
from jobs.job import Claim, Commit, NewChunk, Release
from jobs.sql_store import SqlStore
from jobs.states import Priority, ReleaseReason, Step
from tests.job_factories import LEASE_MS, QUEUE, accept, broken, let_leases_expire, part, plan, result, sql

SECOND_QUEUE = "stt.listener"
TENANTS = ("acme", "other")
ERROR = {"class": "engine", "code": "engine_failure", "detail": "x", "retryable": False}
EXAMPLES = os.environ.get("VOICEMILL_STATE_EXAMPLES")

anyone = st.integers(min_value=0, max_value=10_000)


class Histories(RuleBasedStateMachine):
    """What callers, workers, sweepers and time do to jobs."""

    store: ClassVar[SqlStore]

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[tuple[str, str]] = []
        self.claims: list[Claim] = []

    @initialize()
    def empty(self) -> None:
        for table in ("chunk_events", "chunks", "idempotency", "webhook_deliveries", "webhook_endpoints", "jobs"):
            sql(self.store, f"DELETE FROM {table}")

    # -- callers -----------------------------------------------------------------------------------------------------
    @rule(tenant=st.sampled_from(TENANTS), priority=st.sampled_from(Priority), hook=st.booleans())
    def accept(self, tenant: str, priority: Priority, hook: bool) -> None:
        url = "https://example.com/hook" if hook else None
        job = accept(self.store, tenant_id=tenant, priority=priority, webhook_url=url)
        self.jobs.append((tenant, job.id))

    @precondition(lambda self: self.jobs)
    @rule(who=anyone)
    def cancel(self, who: int) -> None:
        tenant, job_id = self._job(who)
        if self.store.states([job_id])[job_id].deleted_at is None:
            self.store.cancel(tenant, job_id)

    @precondition(lambda self: self.jobs)
    @rule(who=anyone)
    def delete(self, who: int) -> None:
        self.store.mark_deleted(*self._job(who))
        for job in self.store.due_for_deletion():
            self.store.blank(job.id)

    # -- workers, alive or not ---------------------------------------------------------------------------------------
    @rule(queue=st.sampled_from(["cpu", QUEUE, SECOND_QUEUE]), lane=st.booleans())
    def claim(self, queue: str, lane: bool) -> None:
        claimed = self.store.claim([queue], "ins:host:pool:1", lease_ms=LEASE_MS, interactive_only=lane)
        if claimed is not None:
            assert not lane or claimed.job.priority is Priority.INTERACTIVE
            assert claimed.job.cancel_requested_at is None
            assert not claimed.job.state.is_terminal
            self.claims.append(claimed)

    @precondition(lambda self: self.claims)
    @rule(who=anyone, count=st.integers(0, 3), asks=st.booleans())
    def commit(self, who: int, count: int, asks: bool) -> None:
        claimed = self._claim(who)
        wanted = self._holds(claimed) and self._wants_results(claimed)
        try:
            self.store.commit(claimed, _success(claimed, count, asks))
        except LeaseLost:
            assert not wanted
            assert not self._holds(claimed)
        else:
            assert wanted
            assert self.store.committed(claimed, part(claimed).key)

    @precondition(lambda self: self.claims)
    @rule(who=anyone, reason=st.sampled_from(ReleaseReason), charge=st.booleans())
    def release(self, who: int, reason: ReleaseReason, charge: bool) -> None:
        claimed = self._claim(who)
        held = self._holds(claimed)
        try:
            self.store.release(claimed, Release(reason, charge=charge, solo=not charge))
        except LeaseLost:
            assert not held
        else:
            assert held

    @precondition(lambda self: self.claims)
    @rule(who=anyone)
    def fail(self, who: int) -> None:
        claimed = self._claim(who)
        held = self._holds(claimed)
        try:
            self.store.fail(claimed, ERROR)
        except LeaseLost:
            assert not held
        else:
            assert held

    @precondition(lambda self: self.claims)
    @rule(who=anyone)
    def beat(self, who: int) -> None:
        claimed = self._claim(who)
        held, wanted = self._holds(claimed), self._wants_results(claimed)
        answer = self.store.beat([claimed], lease_ms=LEASE_MS, progress={claimed.chunk.id: 3.0})[claimed.chunk.id]
        assert answer.alive == held
        assert answer.stop == (held and not wanted)

    @precondition(lambda self: self.claims)
    @rule(who=anyone)
    def stop(self, who: int) -> None:
        claimed = self._claim(who)
        held = self._holds(claimed)
        try:
            self.store.end_stopped(claimed)
        except LeaseLost:
            assert not held
        else:
            assert held
            assert not self._holds(claimed)

    @rule()
    def restart(self) -> None:
        self.store.release_installation("ins:")

    # -- time and the sweeper ----------------------------------------------------------------------------------------
    @rule(may_rescue=st.booleans())
    def sweep(self, may_rescue: bool) -> None:
        self.store.sweep(may_rescue=may_rescue)

    @rule()
    def leases_expire(self) -> None:
        let_leases_expire(self.store)

    @rule()
    def backoffs_pass(self) -> None:
        sql(self.store, "UPDATE chunks SET available_at = :now WHERE state = 'ready'", now=self.store.now_ms())

    @precondition(lambda self: self.jobs)
    @rule(who=anyone)
    def deadline_passes(self, who: int) -> None:
        _, job_id = self._job(who)
        sql(self.store, "UPDATE jobs SET deadline_at = :at WHERE id = :id", at=self.store.now_ms() - 1, id=job_id)
        self.store.sweep(may_rescue=False)

    @rule()
    def stopping_jobs_wait_in_vain(self) -> None:
        """Twenty seconds pass for jobs that were cancelled and whose workers do not answer."""
        stopping = "SELECT id FROM jobs WHERE cancel_requested_at IS NOT NULL AND finished_at IS NULL"
        their_chunks = f"SELECT id FROM chunks WHERE job_id IN ({stopping})"
        earlier = (
            f"UPDATE chunk_events SET at = at - 21000 WHERE chunk_id IN ({their_chunks})",
            f"UPDATE jobs SET cancel_requested_at = cancel_requested_at - 21000 WHERE id IN ({stopping})",
        )
        for statement in earlier:
            sql(self.store, statement)
        self.store.sweep(may_rescue=False)
        assert not sql(self.store, stopping)

    # -- the end -----------------------------------------------------------------------------------------------------
    def teardown(self) -> None:
        assert not broken(self.store)
        self._drain()
        still_open = sql(self.store, "SELECT id, state FROM jobs WHERE finished_at IS NULL")
        assert not still_open
        assert not broken(self.store)
        super().teardown()

    def _drain(self) -> None:
        """Let good workers finish everything: nothing may be stuck."""
        self.stopping_jobs_wait_in_vain()
        for _ in range(1000):
            let_leases_expire(self.store)
            self.store.sweep(may_rescue=True)
            self.backoffs_pass()
            claimed = self.store.claim(["cpu", QUEUE, SECOND_QUEUE], "ins:host:pool:2", lease_ms=LEASE_MS)
            if claimed is None:
                return
            self.store.commit(claimed, _success(claimed, 1, asks=False))
        raise AssertionError("the work does not end")

    # -- what the database holds -------------------------------------------------------------------------------------
    def _job(self, who: int) -> tuple[str, str]:
        return self.jobs[who % len(self.jobs)]

    def _claim(self, who: int) -> Claim:
        # The later, the likelier: most attempts are alive.
        return self.claims[-1 - who % len(self.claims)]

    def _holds(self, claimed: Claim) -> bool:
        (row,) = sql(self.store, "SELECT state, fence FROM chunks WHERE id = :id", id=claimed.chunk.id)
        return row.state == "running" and row.fence == claimed.chunk.fence

    def _wants_results(self, claimed: Claim) -> bool:
        job = self.store.states([claimed.job.id])[claimed.job.id]
        return job.finished_at is None and job.cancel_requested_at is None


def _success(claimed: Claim, count: int, asks: bool) -> Commit:
    chunk = claimed.chunk
    if chunk.step is Step.PLAN:
        return plan(claimed, count)
    if chunk.step is Step.STITCH:
        return result(claimed)
    again = NewChunk(idx=chunk.idx, round=chunk.round + 1, queue=SECOND_QUEUE, units=1.0, span={})
    return Commit(part(claimed), new_chunks=[again] if asks and chunk.round < 3 else [])


@pytest.mark.timeout(600 if EXAMPLES is None else 0)
def test_every_history_keeps_the_invariants(store: SqlStore) -> None:
    machine = type("HistoriesOfOneStore", (Histories,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(EXAMPLES or 40),
            stateful_step_count=40,
            derandomize=EXAMPLES is None,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
