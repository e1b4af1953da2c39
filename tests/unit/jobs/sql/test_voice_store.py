from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.errors import Conflict
from jobs.sql import SqlStore
from tests.job_factories import new_voice, run_sql


def test_consent_and_creation_are_dated_by_the_databases_clock(sqlite_store: SqlStore) -> None:
    before = sqlite_store.maintenance.now_ms()
    voice = sqlite_store.voices.add(new_voice(1))
    assert before <= voice.consented_at <= voice.created_at <= sqlite_store.maintenance.now_ms()


def test_id_that_is_taken_is_refused(sqlite_store: SqlStore) -> None:
    voice = sqlite_store.voices.add(new_voice(1))
    with pytest.raises(Conflict):
        sqlite_store.voices.add(new_voice(1, tenant_id="other"))
    assert sqlite_store.voices.get("acme", voice.id) == voice


def test_recording_without_a_digest_is_refused(sqlite_store: SqlStore) -> None:
    new = new_voice(1)
    with pytest.raises(Conflict):
        sqlite_store.voices.add(replace(new, reference=replace(new.reference, sha256=None)))


def test_language_and_gender_may_be_unknown(sqlite_store: SqlStore) -> None:
    voice = sqlite_store.voices.add(replace(new_voice(1), language=None, gender=None))
    assert (voice.language, voice.gender) == (None, None)


def test_deletion_leaves_the_voices_of_others(sqlite_store: SqlStore) -> None:
    voice = sqlite_store.voices.add(new_voice(1))
    sqlite_store.voices.add(new_voice(2))
    sqlite_store.voices.delete("acme", voice.id)
    assert [row.id for row in run_sql(sqlite_store, "SELECT id FROM voices")] == [new_voice(2).id]
