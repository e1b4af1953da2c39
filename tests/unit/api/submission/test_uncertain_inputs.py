"""Inputs whose job may or may not be recorded."""

from __future__ import annotations

import pytest

from api.submission.uncertain_inputs import UncertainInputs
from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.job import NewJob
from tests.services.machine_speed import poll
from tests.unit.api.conftest import TENANT

JOB = f"job_{'7' * 32}"
KEY = f"jobs/{TENANT}/{JOB}/input/x"


@pytest.fixture
def uncertain(services, storage):
    storage.put_bytes(KEY, b"input")
    uncertain = UncertainInputs(services.store.jobs, storage, settled_s=0.1, interval_s=0.02)
    yield uncertain
    uncertain.close()


def settled(uncertain):
    return poll(lambda: uncertain.job_ids == [] and uncertain._thread is None, deadline_s=10)


def test_input_without_a_job_is_removed(uncertain, objects):
    uncertain.mark_uncertain(TENANT, JOB)
    assert settled(uncertain)
    assert objects() == []


def test_input_of_a_job_stays(uncertain, objects, services):
    services.store.jobs.submit(NewJob(tenant_id=TENANT, id=JOB, kind="tts.synthesize", model="espeak", params={}))
    uncertain.mark_uncertain(TENANT, JOB)
    assert settled(uncertain)
    assert objects() == [KEY]


def test_input_stays_uncertain_while_the_database_or_the_storage_is_down(
    uncertain, objects, services, storage, monkeypatch
):
    calls = []

    def down(error):
        def method(*_arguments):
            calls.append(error)
            raise error

        return method

    with monkeypatch.context() as patch:
        patch.setattr(type(services.store.jobs), "get", down(StoreUnavailable()))
        uncertain.mark_uncertain(TENANT, JOB)
        assert poll(lambda: len(calls) >= 2, deadline_s=10)
    with monkeypatch.context() as patch:
        patch.setattr(type(storage), "delete_prefix", down(StorageUnavailable()))
        before = len(calls)
        assert poll(lambda: len(calls) >= before + 2, deadline_s=10)
    assert settled(uncertain)
    assert objects() == []


def test_input_whose_commit_is_unknown_is_marked_uncertain(client, worker, services, monkeypatch, settings):
    worker()
    settings.inline_text_bytes = 0

    def down(*_arguments):
        raise StoreUnavailable

    monkeypatch.setattr(services.store.jobs, "submit", down)
    assert client.post("/tts/synthesize", json={"text": "Hello."}).status_code == 503
    assert len(services.uncertain_inputs.job_ids) == 1
