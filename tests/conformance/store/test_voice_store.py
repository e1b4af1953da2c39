"""Enrolled voices."""

from __future__ import annotations

import pytest

from jobs.errors import NotFound
from jobs.sql import SqlStore
from tests.job_factories import find_violations, new_voice


def test_added_voice_reads_back_complete(store: SqlStore) -> None:
    new = new_voice(1)
    added = store.voices.add(new)
    assert store.voices.get("acme", new.id) == added
    assert (added.name, added.language, added.gender, added.reference) == ("Ann", "en-GB", "female", new.reference)
    assert 0 < added.consented_at <= added.created_at <= store.maintenance.now_ms()
    assert not find_violations(store)


def test_voices_are_listed_oldest_first(store: SqlStore) -> None:
    for number in (2, 1, 3):
        store.voices.add(new_voice(number))
    assert [voice.id for voice in store.voices.list("acme")] == [new_voice(number).id for number in (1, 2, 3)]


def test_voice_of_another_tenant_is_not_found(store: SqlStore) -> None:
    voice = store.voices.add(new_voice(1))
    assert store.voices.list("other") == []
    with pytest.raises(NotFound):
        store.voices.get("other", voice.id)
    with pytest.raises(NotFound):
        store.voices.delete("other", voice.id)
    assert store.voices.get("acme", voice.id) == voice


def test_deleted_voice_leaves_no_row(store: SqlStore) -> None:
    voice = store.voices.add(new_voice(1))
    store.voices.delete("acme", voice.id)
    assert store.voices.list("acme") == []
    with pytest.raises(NotFound):
        store.voices.get("acme", voice.id)
    with pytest.raises(NotFound):
        store.voices.delete("acme", voice.id)
