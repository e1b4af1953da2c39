"""Deletion of a job and its objects."""

from __future__ import annotations

import pytest

from api.jobs.deletion import check_storage_owner, delete_job
from jobs.errors import Deleted, StorageUnavailable
from tests.unit.api.conftest import TENANT

AUDIO = {"audio.wav": ("audio/wav", b"RIFF")}


def test_job_is_marked_even_where_its_objects_cannot_be_removed(services, finished_job, objects, monkeypatch):
    job = finished_job(AUDIO)

    def down(_prefix):
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(services.storage, "delete_prefix", down)
        delete_job(services, job)
    assert objects() != []
    with pytest.raises(Deleted):
        services.store.jobs.get(TENANT, job.id)


def test_objects_of_other_jobs_stay(services, finished_job, objects):
    deleted, kept = finished_job(AUDIO), finished_job(AUDIO)
    delete_job(services, deleted)
    assert objects() and all(kept.id in key for key in objects())


def test_storage_of_another_database_is_refused_without_details(services, settings):
    check_storage_owner(services)
    (settings.data_dir / "objects" / "installation").unlink()
    (settings.data_dir / "objects" / "installation").write_text("another")
    with pytest.raises(StorageUnavailable) as raised:
        check_storage_owner(services)
    assert "another" not in raised.value.detail
