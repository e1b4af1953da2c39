"""Inputs of a job before it is recorded."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from api.submission.job_inputs import JobInputs
from jobs.errors import StorageUnavailable
from tests.unit.api.conftest import TENANT

JOB = f"job_{'7' * 32}"


@pytest.fixture
def inputs(services):
    return JobInputs(services.storage, services.uncertain_inputs, TENANT, JOB)


def test_text_is_stored_under_its_hash(inputs, services, objects):
    stored = inputs.put_text("é".encode())
    assert objects() == [stored.key] == [f"jobs/{TENANT}/{JOB}/input/{stored.part.sha256}"]
    assert (stored.name, stored.type, stored.part.bytes) == ("text", "txt", 2)


def test_inputs_are_removed_however_the_block_ends(inputs, objects):
    with inputs.removed_unless_kept():
        inputs.put_text(b"a")
    assert objects() == []
    with pytest.raises(ValueError), inputs.removed_unless_kept():
        inputs.put_text(b"a")
        raise ValueError
    assert objects() == []


def test_upload_is_removed_too(inputs, services, objects):
    services.storage.put_bytes(inputs.key("x"), b"sound")
    inputs.take_over_upload()
    with inputs.removed_unless_kept():
        pass
    assert objects() == []


def test_inputs_of_a_recorded_job_stay(inputs, objects):
    with inputs.removed_unless_kept():
        inputs.put_text(b"a")
        inputs.keep()
    assert len(objects()) == 1


def test_uncertain_inputs_stay_until_they_are_checked(inputs, objects, services):
    with inputs.removed_unless_kept():
        inputs.put_text(b"a")
        inputs.mark_uncertain()
    assert len(objects()) == 1
    assert services.uncertain_inputs.job_ids == [JOB]


def test_job_without_inputs_asks_the_storage_for_nothing(inputs, services, monkeypatch):
    monkeypatch.setattr(services.storage, "delete_prefix", lambda _prefix: pytest.fail("asked"))
    with inputs.removed_unless_kept():
        pass
    inputs.mark_uncertain()
    assert services.uncertain_inputs.job_ids == []


def test_copy_that_fails_halfway_is_removed(inputs, services, objects, monkeypatch):
    source = services.storage.put_bytes(f"voices/{TENANT}/voice_1/reference/x", b"sound")
    copy = services.storage.copy

    def fail_after(source_key, key):
        copy(source_key, key)
        raise StorageUnavailable

    monkeypatch.setattr(services.storage, "copy", fail_after)
    with pytest.raises(StorageUnavailable), inputs.removed_unless_kept():
        inputs.copy(source.key, "x")
    assert objects() == [source.key]


def test_input_that_cannot_be_removed_is_logged(inputs, services, monkeypatch):
    def down(_prefix):
        raise StorageUnavailable

    monkeypatch.setattr(services.storage, "delete_prefix", down)
    with capture_logs() as lines, inputs.removed_unless_kept():
        inputs.put_text(b"a")
    assert [(line["event"], line["job"]) for line in lines] == [("input_not_removed", JOB)]
