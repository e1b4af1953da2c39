"""Enrolled voices."""

from __future__ import annotations

import pytest

from jobs.errors import NotFound
from jobs.job import InputObject, NewVoice
from jobs.sql import SqlStore
from jobs.storage.object_keys import reference_key
from tests.job_factories import broken


def new_voice(number: int, *, tenant_id: str = "acme") -> NewVoice:
    voice_id = f"voice_{number:032x}"
    reference = InputObject(reference_key(tenant_id, voice_id, "upload"), "f" * 64, 4321)
    return NewVoice(voice_id, tenant_id, "Ann", reference, language="en-GB", gender="female")


def test_added_voice_is_found_with_all_that_was_said_of_it(store: SqlStore) -> None:
    new = new_voice(1)
    added = store.add_voice(new)
    assert store.voice("acme", new.id) == added
    assert (added.name, added.language, added.gender, added.reference) == ("Ann", "en-GB", "female", new.reference)
    assert 0 < added.consented_at <= added.created_at <= store.now_ms()
    assert not broken(store)


def test_voices_are_listed_oldest_first(store: SqlStore) -> None:
    for number in (2, 1, 3):
        store.add_voice(new_voice(number))
    assert [voice.id for voice in store.voices("acme")] == [new_voice(number).id for number in (1, 2, 3)]


def test_voice_of_another_tenant_is_not_there(store: SqlStore) -> None:
    voice = store.add_voice(new_voice(1))
    assert store.voices("other") == []
    with pytest.raises(NotFound):
        store.voice("other", voice.id)
    with pytest.raises(NotFound):
        store.delete_voice("other", voice.id)
    assert store.voice("acme", voice.id) == voice


def test_deleted_voice_leaves_nothing(store: SqlStore) -> None:
    voice = store.add_voice(new_voice(1))
    store.delete_voice("acme", voice.id)
    assert store.voices("acme") == []
    with pytest.raises(NotFound):
        store.voice("acme", voice.id)
    with pytest.raises(NotFound):
        store.delete_voice("acme", voice.id)


def test_objects_of_voices_come_in_pages_over_all_tenants(store: SqlStore) -> None:
    voices = [store.add_voice(new_voice(1)), store.add_voice(new_voice(2, tenant_id="other"))]
    first = store.voice_objects(limit=1)
    rest = store.voice_objects(after=first[-1][0], limit=1)
    assert [*first, *rest] == [(voice.id, (voice.reference,)) for voice in voices]
    assert store.voice_objects(after=voices[-1].id) == []


def test_audit_finds_a_recording_under_the_prefix_of_another_tenant(store: SqlStore) -> None:
    voice = new_voice(1)
    stray = InputObject(reference_key("other", voice.id, "upload"), "f" * 64, 1)
    store.add_voice(NewVoice(voice.id, "acme", "Ann", stray))
    assert [row["id"] for row in broken(store)["15_one_tenant_throughout"]] == [voice.id]
