"""Leadership, the clock, the installation, and what the storage must hold."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from jobs.sql import SqlStore
from jobs.store.maintenance import ExpectedObject
from tests.job_factories import make_finished_job, make_planned_job, new_voice, run_sql, submit_job


def test_stored_objects_are_parts_and_files_of_succeeded_jobs(store: SqlStore) -> None:
    deleted, job = make_finished_job(store), make_finished_job(store)
    make_planned_job(store, 1)
    store.jobs.delete("acme", deleted.id)
    ((job_id, objects),) = store.maintenance.stored_objects()
    assert job_id == job.id
    assert ExpectedObject(f"jobs/acme/{job.id}/result/1/audio.wav", "f" * 64, 12) in objects
    assert len(objects) == 5  # plan, two works, stitch, one file
    assert store.maintenance.stored_objects(after=job_id) == []


def test_stored_voice_objects_are_paged_over_all_tenants(store: SqlStore) -> None:
    voices = [store.voices.add(new_voice(1)), store.voices.add(new_voice(2, tenant_id="other"))]
    first = store.maintenance.stored_voice_objects(limit=1)
    rest = store.maintenance.stored_voice_objects(after=first[-1][0], limit=1)
    expected = [(voice.id, voice.reference) for voice in voices]
    assert [*first, *rest] == [(name, (ExpectedObject(one.key, one.sha256, one.bytes),)) for name, one in expected]
    assert store.maintenance.stored_voice_objects(after=voices[-1].id) == []


def test_one_holder_leads_until_it_resigns_or_its_term_ends(store: SqlStore) -> None:
    assert store.maintenance.acquire_leadership("sweeper", "a", term_ms=60_000)
    assert store.maintenance.acquire_leadership("sweeper", "a", term_ms=60_000)
    assert not store.maintenance.acquire_leadership("sweeper", "b", term_ms=60_000)
    assert store.maintenance.acquire_leadership("other", "b", term_ms=60_000)
    store.maintenance.resign("sweeper", "b")
    assert not store.maintenance.acquire_leadership("sweeper", "b", term_ms=60_000)
    store.maintenance.resign("sweeper", "a")
    assert store.maintenance.acquire_leadership("sweeper", "b", term_ms=60_000)
    run_sql(store, "UPDATE leaders SET until = :at", at=store.maintenance.now_ms())
    assert store.maintenance.acquire_leadership("sweeper", "a", term_ms=60_000)


def test_installation_id_is_created_once(store: SqlStore) -> None:
    assert store.maintenance.installation_id() == store.maintenance.installation_id() != ""


def test_first_storage_that_is_recorded_stays_until_it_is_replaced(store: SqlStore) -> None:
    assert store.maintenance.paired_storage_id() is None
    assert store.maintenance.pair_storage("first") == "first"
    assert store.maintenance.pair_storage("second") == "first"
    assert store.maintenance.paired_storage_id() == "first"
    assert store.maintenance.pair_storage("second", replace=True) == "second"
    assert store.maintenance.paired_storage_id() == "second"


def test_of_several_storages_that_are_recorded_at_once_one_is_taken(store: SqlStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        recorded = set(threads.map(store.maintenance.pair_storage, map(str, range(8))))
    assert recorded == {store.maintenance.paired_storage_id()}


def test_clock_is_the_databases_and_has_milliseconds(store: SqlStore) -> None:
    job = submit_job(store)
    assert 0 <= store.maintenance.now_ms() - job.created_at < 60_000
    assert len({store.maintenance.now_ms() % 1000 for _ in range(200)}) > 1
