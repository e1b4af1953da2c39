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
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from jobs.errors import LeaseLost
from jobs.job import Claim, Commit, NewChunk, Release
from jobs.sql import SqlStore
from jobs.states import Priority, ReleaseReason, Step
from tests.job_factories import LEASE_MS, QUEUE, accept, broken, let_leases_expire, part, plan, result, sql

SECOND_QUEUE = "stt.listener"
QUEUES = ("cpu", QUEUE, SECOND_QUEUE)
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
    def begin(self) -> None:
        """Two planned jobs, so that no history is over before it begins."""
        for table in ("chunk_events", "chunks", "idempotency", "webhook_deliveries", "webhook_endpoints", "jobs"):
            sql(self.store, f"DELETE FROM {table}")
        for tenant in TENANTS:
            self.accept(tenant, Priority.NORMAL, hook=True)
            claimed = self.store.claim(["cpu"], "ins:host:pool:1", lease_ms=LEASE_MS)
            assert claimed is not None
            self.claims.append(claimed)
            self.store.commit(claimed, plan(claimed, 3))

    # Few rules that draw what they do: Hypothesis leaves out half of the rules in each history, and a history without
    # claims or without commits would show nothing.

    # -- callers -----------------------------------------------------------------------------------------------------
    @rule(tenant=st.sampled_from(TENANTS), priority=st.sampled_from(Priority), hook=st.booleans())
    def accept(self, tenant: str, priority: Priority, hook: bool) -> None:
        url = "https://example.com/hook" if hook else None
        job = accept(self.store, tenant_id=tenant, priority=priority, webhook_url=url)
        self.jobs.append((tenant, job.id))

    @rule(who=anyone, what=st.sampled_from(["cancel", "cancel", "delete", "deadline", "", "", "", ""]))
    def end(self, who: int, what: str) -> None:
        tenant, job_id = self.jobs[who % len(self.jobs)]
        if what == "cancel" and self.store.states([job_id])[job_id].deleted_at is None:
            self.store.cancel(tenant, job_id)
        if what == "delete":
            self.store.mark_deleted(tenant, job_id)
        if what == "deadline":
            sql(self.store, "UPDATE jobs SET deadline_at = :at WHERE id = :id", at=self.store.now_ms() - 1, id=job_id)
            self.store.sweep(may_rescue=False)
        for job in self.store.due_for_deletion():
            self.store.blank(job.id)

    # -- workers, alive or not ---------------------------------------------------------------------------------------
    @rule(count=st.integers(1, 3), lane=st.booleans())
    def claim(self, count: int, lane: bool) -> None:
        for _ in range(count):
            claimed = self.store.claim(QUEUES, "ins:host:pool:1", lease_ms=LEASE_MS, interactive_only=lane)
            if claimed is None:
                return
            assert not lane or claimed.job.priority is Priority.INTERACTIVE
            assert claimed.job.cancel_requested_at is None
            assert not claimed.job.state.is_terminal
            self.claims.append(claimed)

    @rule(count=st.integers(1, 3))
    def others_take_over(self, count: int) -> None:
        """Leases run out, the sweeper rescues, and others claim what stale attempts still believe to have."""
        let_leases_expire(self.store)
        self.store.sweep(may_rescue=True)
        self._backoffs_pass()
        self.claim(count, lane=False)

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

    @rule(who=anyone, count=st.integers(0, 3), asks=st.booleans())
    def commit_another(self, who: int, count: int, asks: bool) -> None:
        self.commit(who, count, asks)

    @rule(who=anyone, what=st.sampled_from(["stop", "fail", *ReleaseReason]), charge=st.booleans())
    def give_up(self, who: int, what: str, charge: bool) -> None:
        claimed = self._claim(who)
        held = self._holds(claimed)
        try:
            if what == "stop":
                self.store.end_stopped(claimed)
            elif what == "fail":
                self.store.fail(claimed, ERROR)
            else:
                self.store.release(claimed, Release(ReleaseReason(what), charge=charge, solo=not charge))
        except LeaseLost:
            assert not held
        else:
            assert held
            assert not self._holds(claimed)

    @rule(who=anyone)
    def beat(self, who: int) -> None:
        claimed = self._claim(who)
        held, wanted = self._holds(claimed), self._wants_results(claimed)
        answer = self.store.beat([claimed], lease_ms=LEASE_MS, progress={claimed.chunk.id: 3.0})[claimed.chunk.id]
        assert answer.alive == held
        assert answer.stop == (held and not wanted)

    # -- time and the sweeper ----------------------------------------------------------------------------------------
    @rule(what=st.sampled_from(["sweep", "rescue", "leases", "backoffs", "restart", "in vain"]))
    def pass_time(self, what: str) -> None:
        match what:
            case "sweep" | "rescue":
                self.store.sweep(may_rescue=what == "rescue")
            case "leases":
                let_leases_expire(self.store)
            case "backoffs":
                self._backoffs_pass()
            case "restart":
                self.store.release_installation("ins:")
            case "in vain":
                self._stopping_jobs_wait_in_vain()

    def _backoffs_pass(self) -> None:
        sql(self.store, "UPDATE chunks SET available_at = :now WHERE state = 'ready'", now=self.store.now_ms())

    def _stopping_jobs_wait_in_vain(self) -> None:
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
        self._stopping_jobs_wait_in_vain()
        for _ in range(1000):
            let_leases_expire(self.store)
            self.store.sweep(may_rescue=True)
            self._backoffs_pass()
            claimed = self.store.claim(QUEUES, "ins:host:pool:2", lease_ms=LEASE_MS)
            if claimed is None:
                return
            self.store.commit(claimed, _success(claimed, 1, asks=False))
        raise AssertionError("the work does not end")

    # -- what the database holds -------------------------------------------------------------------------------------
    def _claim(self, who: int) -> Claim:
        """One of the latest attempts, alive or stale: those before them mostly belong to jobs that have ended."""
        chosen = self.claims[-1 - who % min(len(self.claims), 5)]
        if who % 2 and not self._holds(chosen):
            self.claim(1, lane=False)
            return self.claims[-1]
        return chosen

    def _holds(self, claimed: Claim) -> bool:
        rows = sql(self.store, "SELECT state, fence FROM chunks WHERE id = :id", id=claimed.chunk.id)
        return [(row.state, row.fence) for row in rows] == [("running", claimed.chunk.fence)]

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
            max_examples=int(EXAMPLES or (25 if store._db.is_postgres else 40)),
            stateful_step_count=40,
            derandomize=EXAMPLES is None,
            # Shrinking takes minutes: for the long run alone.
            phases=tuple(Phase) if EXAMPLES else (Phase.generate,),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
