from __future__ import annotations

from jobs.sql import SqlStore
from tests.job_factories import run_sql


def test_term_counts_from_the_databases_clock(sqlite_store: SqlStore) -> None:
    before = sqlite_store.maintenance.now_ms()
    assert sqlite_store.maintenance.acquire_leadership("sweeper", "a", term_ms=5000)
    [row] = run_sql(sqlite_store, "SELECT * FROM leaders")
    assert (row.name, row.holder) == ("sweeper", "a")
    assert before + 5000 <= row.until <= sqlite_store.maintenance.now_ms() + 5000


def test_renewal_extends_the_one_row(sqlite_store: SqlStore) -> None:
    sqlite_store.maintenance.acquire_leadership("sweeper", "a", term_ms=5000)
    sqlite_store.maintenance.acquire_leadership("sweeper", "a", term_ms=60_000)
    [row] = run_sql(sqlite_store, "SELECT * FROM leaders")
    assert row.until > sqlite_store.maintenance.now_ms() + 5000


def test_refused_holder_changes_nothing(sqlite_store: SqlStore) -> None:
    sqlite_store.maintenance.acquire_leadership("sweeper", "a", term_ms=60_000)
    before = run_sql(sqlite_store, "SELECT * FROM leaders")
    assert not sqlite_store.maintenance.acquire_leadership("sweeper", "b", term_ms=120_000)
    sqlite_store.maintenance.resign("sweeper", "b")
    assert run_sql(sqlite_store, "SELECT * FROM leaders") == before


def test_resignation_leaves_no_row(sqlite_store: SqlStore) -> None:
    sqlite_store.maintenance.acquire_leadership("sweeper", "a", term_ms=60_000)
    sqlite_store.maintenance.resign("sweeper", "a")
    assert run_sql(sqlite_store, "SELECT * FROM leaders") == []
