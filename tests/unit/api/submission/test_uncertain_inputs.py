"""Inputs of which nobody knows whether they have a job."""

from __future__ import annotations

import pytest

from api.submission.uncertain_inputs import Orphans
from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.job import NewJob
from tests.services.machine_speed import poll
from tests.unit.api.conftest import TENANT

JOB = f"job_{'7' * 32}"
KEY = f"jobs/{TENANT}/{JOB}/input/x"


@pytest.fixture
def orphans(services, storage):
    storage.put_bytes(KEY, b"input")
    orphans = Orphans(services.store, storage, settled_s=0.1, every_s=0.02)
    yield orphans
    orphans.close()


def settled(orphans):
    return poll(lambda: orphans._doubts == [] and orphans._thread is None, deadline_s=10)


def test_input_without_a_job_is_removed(orphans, objects):
    orphans.doubt(TENANT, JOB)
    assert settled(orphans)
    assert objects() == []


def test_input_of_a_job_stays(orphans, objects, services):
    services.store.accept(NewJob(tenant_id=TENANT, id=JOB, kind="tts.synthesize", model="espeak", params={}))
    orphans.doubt(TENANT, JOB)
    assert settled(orphans)
    assert objects() == [KEY]


def test_doubt_lasts_while_the_database_or_the_storage_is_down(orphans, objects, services, storage, monkeypatch):
    asked = []

    def down(error):
        def method(*_arguments):
            asked.append(error)
            raise error

        return method

    with monkeypatch.context() as patch:
        patch.setattr(type(services.store), "job", down(StoreUnavailable()))
        orphans.doubt(TENANT, JOB)
        assert poll(lambda: len(asked) >= 2, deadline_s=10)
    with monkeypatch.context() as patch:
        patch.setattr(type(storage), "delete_prefix", down(StorageUnavailable()))
        before = len(asked)
        assert poll(lambda: len(asked) >= before + 2, deadline_s=10)
    assert settled(orphans)
    assert objects() == []


def test_upload_whose_commit_is_unknown_is_in_doubt(client, worker, services, monkeypatch, settings):
    worker()
    settings.inline_text_bytes = 0

    def down(*_arguments):
        raise StoreUnavailable

    monkeypatch.setattr(type(services.store), "accept", down)
    assert client.post("/tts/synthesize", json={"text": "Hello."}).status_code == 503
    assert [doubt.tenant_id for doubt in services.orphans._doubts] == [TENANT]
