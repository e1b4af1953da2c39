"""Random histories of jobs on real databases: the invariants hold in any order of events.

Every claim stays in use, so that stale attempts write too, and must be rejected. Time passes by changing rows, so that
neither sleep nor a hook in the product is needed.
`VOICEMILL_STATE_EXAMPLES=10000` runs that many random histories; unset runs the same few every time.
"""

from __future__ import annotations

import os
from typing import ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from jobs.chunk import Claim, Commit, NewChunk, Release
from jobs.errors import LeaseLost
from jobs.failure import ErrorClass, Failure
from jobs.sql import SqlStore
from jobs.states import Priority, ReleaseReason, Step
from tests.job_factories import (
    LEASE_MS,
    QUEUE,
    expire_leases,
    find_violations,
    make_part,
    make_plan,
    make_result,
    run_sql,
    submit_job,
)

SECOND_QUEUE = "stt.recogniser"
QUEUES = ("cpu", QUEUE, SECOND_QUEUE)
TENANTS = ("acme", "other")
ERROR = Failure(ErrorClass.ENGINE, "engine_failure", "x")
EXAMPLES = os.environ.get("VOICEMILL_STATE_EXAMPLES")

which = st.integers(min_value=0, max_value=10_000)


class Histories(RuleBasedStateMachine):
    """Events from clients, workers, sweepers and time."""

    store: ClassVar[SqlStore]

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[tuple[str, str]] = []
        self.claims: list[Claim] = []

    @initialize()
    def begin(self) -> None:
        """Two planned jobs, so that every history has work chunks."""
        for table in ("chunk_events", "chunks", "idempotency", "webhook_deliveries", "webhook_endpoints", "jobs"):
            run_sql(self.store, f"DELETE FROM {table}")
        for tenant in TENANTS:
            self.accept(tenant, Priority.NORMAL, hook=True)
            claimed = self.store.chunks.claim(["cpu"], "ins:host:pool:1", lease_ms=LEASE_MS)
            assert claimed is not None
            self.claims.append(claimed)
            self.store.chunks.commit(claimed, make_plan(claimed, 3))

    # Few rules that draw their action: Hypothesis leaves out half of the rules in each history, and a history without
    # claims or without commits would prove nothing.

    # -- clients -----------------------------------------------------------------------------------------------------
    @rule(tenant=st.sampled_from(TENANTS), priority=st.sampled_from(Priority), hook=st.booleans())
    def accept(self, tenant: str, priority: Priority, hook: bool) -> None:
        url = "https://example.com/hook" if hook else None
        job = submit_job(self.store, tenant_id=tenant, priority=priority, webhook_url=url)
        self.jobs.append((tenant, job.id))

    @rule(who=which, what=st.sampled_from(["cancel", "cancel", "delete", "deadline", "", "", "", ""]))
    def cancel_or_delete(self, who: int, what: str) -> None:
        tenant, job_id = self.jobs[who % len(self.jobs)]
        if what == "cancel" and self.store.jobs.get_many([job_id])[job_id].deleted_at is None:
            self.store.jobs.cancel(tenant, job_id)
        if what == "delete":
            self.store.jobs.delete(tenant, job_id)
        if what == "deadline":
            run_sql(
                self.store,
                "UPDATE jobs SET deadline_at = :at WHERE id = :id",
                at=self.store.maintenance.now_ms() - 1,
                id=job_id,
            )
            self.store.maintenance.sweep(may_rescue=False)
        for job in self.store.maintenance.due_for_purge():
            self.store.maintenance.purge(job.id)

    # -- workers, current or stale -----------------------------------------------------------------------------------
    @rule(count=st.integers(1, 3), lane=st.booleans())
    def claim(self, count: int, lane: bool) -> None:
        for _ in range(count):
            claimed = self.store.chunks.claim(QUEUES, "ins:host:pool:1", lease_ms=LEASE_MS, interactive_only=lane)
            if claimed is None:
                return
            assert not lane or claimed.job.priority is Priority.INTERACTIVE
            assert claimed.job.cancel_requested_at is None
            assert not claimed.job.state.is_terminal
            self.claims.append(claimed)

    @rule(count=st.integers(1, 3))
    def rescue_and_claim(self, count: int) -> None:
        """Leases expire, the sweeper rescues, and others claim the chunks of attempts that are now stale."""
        expire_leases(self.store)
        self.store.maintenance.sweep(may_rescue=True)
        self._end_backoffs()
        self.claim(count, lane=False)

    @rule(who=which, count=st.integers(0, 3), follows_up=st.booleans())
    def commit(self, who: int, count: int, follows_up: bool) -> None:
        claimed = self._claim(who)
        accepted = self._holds(claimed) and self._accepts_results(claimed)
        try:
            self.store.chunks.commit(claimed, _success(claimed, count, follows_up))
        except LeaseLost:
            assert not accepted
            assert not self._holds(claimed)
        else:
            assert accepted
            assert self.store.chunks.is_committed(claimed, make_part(claimed).key)

    @rule(who=which, count=st.integers(0, 3), follows_up=st.booleans())
    def commit_another(self, who: int, count: int, follows_up: bool) -> None:
        self.commit(who, count, follows_up)

    @rule(who=which, what=st.sampled_from(["stop", "fail", *ReleaseReason]), charge=st.booleans())
    def release_or_fail(self, who: int, what: str, charge: bool) -> None:
        claimed = self._claim(who)
        held = self._holds(claimed)
        try:
            if what == "stop":
                self.store.chunks.stop(claimed)
            elif what == "fail":
                self.store.chunks.fail(claimed, ERROR)
            else:
                self.store.chunks.release(claimed, Release(ReleaseReason(what), charge=charge, solo=not charge))
        except LeaseLost:
            assert not held
        else:
            assert held
            assert not self._holds(claimed)

    @rule(who=which)
    def heartbeat(self, who: int) -> None:
        claimed = self._claim(who)
        held, accepted = self._holds(claimed), self._accepts_results(claimed)
        answer = self.store.chunks.heartbeat([claimed], lease_ms=LEASE_MS, progress={claimed.chunk.id: 3.0})[
            claimed.chunk.id
        ]
        assert answer.alive == held
        assert answer.stop == (held and not accepted)

    # -- time and the sweeper ----------------------------------------------------------------------------------------
    @rule(what=st.sampled_from(["sweep", "rescue", "leases", "backoffs", "restart", "unresponsive"]))
    def pass_time(self, what: str) -> None:
        match what:
            case "sweep" | "rescue":
                self.store.maintenance.sweep(may_rescue=what == "rescue")
            case "leases":
                expire_leases(self.store)
            case "backoffs":
                self._end_backoffs()
            case "restart":
                self.store.workers.release_installation("ins:")
            case "unresponsive":
                self._end_jobs_of_unresponsive_workers()

    def _end_backoffs(self) -> None:
        run_sql(
            self.store,
            "UPDATE chunks SET available_at = :now WHERE state = 'ready'",
            now=self.store.maintenance.now_ms(),
        )

    def _end_jobs_of_unresponsive_workers(self) -> None:
        """Twenty seconds pass for cancelled jobs whose workers do not respond."""
        stopping = "SELECT id FROM jobs WHERE cancel_requested_at IS NOT NULL AND finished_at IS NULL"
        their_chunks = f"SELECT id FROM chunks WHERE job_id IN ({stopping})"
        earlier = (
            f"UPDATE chunk_events SET at = at - 21000 WHERE chunk_id IN ({their_chunks})",
            f"UPDATE jobs SET cancel_requested_at = cancel_requested_at - 21000 WHERE id IN ({stopping})",
        )
        for statement in earlier:
            run_sql(self.store, statement)
        self.store.maintenance.sweep(may_rescue=False)
        assert not run_sql(self.store, stopping)

    # -- the end -----------------------------------------------------------------------------------------------------
    def teardown(self) -> None:
        assert not find_violations(self.store)
        self._drain()
        still_open = run_sql(self.store, "SELECT id, state FROM jobs WHERE finished_at IS NULL")
        assert not still_open
        assert not find_violations(self.store)
        super().teardown()

    def _drain(self) -> None:
        """Finish all jobs with current attempts: none may be stuck."""
        self._end_jobs_of_unresponsive_workers()
        for _ in range(1000):
            expire_leases(self.store)
            self.store.maintenance.sweep(may_rescue=True)
            self._end_backoffs()
            claimed = self.store.chunks.claim(QUEUES, "ins:host:pool:2", lease_ms=LEASE_MS)
            if claimed is None:
                return
            self.store.chunks.commit(claimed, _success(claimed, 1, follows_up=False))
        raise AssertionError("jobs are stuck")

    # -- what the database holds -------------------------------------------------------------------------------------
    def _claim(self, who: int) -> Claim:
        """One of the latest attempts, current or stale: older ones mostly belong to jobs that have ended."""
        chosen = self.claims[-1 - who % min(len(self.claims), 5)]
        if who % 2 and not self._holds(chosen):
            self.claim(1, lane=False)
            return self.claims[-1]
        return chosen

    def _holds(self, claimed: Claim) -> bool:
        rows = run_sql(self.store, "SELECT state, fence FROM chunks WHERE id = :id", id=claimed.chunk.id)
        return [(row.state, row.fence) for row in rows] == [("running", claimed.chunk.fence)]

    def _accepts_results(self, claimed: Claim) -> bool:
        job = self.store.jobs.get_many([claimed.job.id])[claimed.job.id]
        return job.finished_at is None and job.cancel_requested_at is None


def _success(claimed: Claim, count: int, follows_up: bool) -> Commit:
    chunk = claimed.chunk
    if chunk.step is Step.PLAN:
        return make_plan(claimed, count)
    if chunk.step is Step.STITCH:
        return make_result(claimed)
    follow_up = NewChunk(idx=chunk.idx, round=chunk.round + 1, queue=SECOND_QUEUE, units=1.0, span={})
    return Commit(make_part(claimed), new_chunks=[follow_up] if follows_up and chunk.round < 3 else [])


@pytest.mark.timeout(600 if EXAMPLES is None else 0)
def test_every_history_keeps_the_invariants(store: SqlStore) -> None:
    machine = type("HistoriesOfOneStore", (Histories,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(EXAMPLES or (25 if store._db.is_postgres else 40)),
            stateful_step_count=40,
            derandomize=EXAMPLES is None,
            # Shrinking takes minutes: only in the long run.
            phases=tuple(Phase) if EXAMPLES else (Phase.generate,),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
