"""Jobs as responses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import g

from api.http.errors import JobFailed
from api.jobs.responses import audio_response, job_list_response, job_response, wait_for_end
from jobs.errors import Deleted
from jobs.failure import ErrorClass, Failure
from jobs.job import NewJob
from jobs.states import JobState
from tests.unit.api.conftest import TENANT

AUDIO = {"audio.wav": ("audio/wav", b"RIFF")}


@pytest.fixture
def accepted(services):
    new = NewJob(tenant_id=TENANT, kind="tts.synthesize", model="espeak", params={"text": "a"})
    return services.store.jobs.submit(new).job


def test_one_job_has_its_request_and_a_list_has_none(app, services, accepted):
    services.store.keys.ensure_tenant(TENANT)
    with app.test_request_context():
        g.key, _ = services.store.keys.create(TENANT, "reader", ["read"])
        assert job_response(services, accepted, 202).json["request"] == {"text": "a"}
    page = job_list_response(services, [accepted], "job_x").json
    assert (page["has_more"], page["next"]) == (True, "job_x")
    assert "request" not in page["data"][0]


def test_wait_returns_the_job_as_it_is_when_the_time_is_over(services, accepted):
    assert wait_for_end(services, accepted, 0) is accepted
    waited = wait_for_end(services, accepted, 0.05)
    assert (waited.state, waited.params) == (JobState.ACCEPTED, {"text": "a"})


def test_wait_of_a_job_that_is_deleted_says_so(services, accepted):
    services.store.jobs.delete(TENANT, accepted.id)
    with pytest.raises(Deleted):
        wait_for_end(services, accepted, 30)


def test_nobody_waits_beyond_the_limit(services, accepted):
    services.watcher._places._total = 0
    assert wait_for_end(services, accepted, 30) is None


def test_audio_of_a_finished_job_is_its_first_file(app, services, finished_job):
    with app.test_request_context():
        assert audio_response(services, finished_job(AUDIO)).get_data() == b"RIFF"


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Failure(ErrorClass.BAD_INPUT, "unreadable_input", "No."), 422, "unreadable_input"),
        (Failure(ErrorClass.ENGINE, "engine_failure", "No.", retryable=True), 500, "engine_failure"),
        (None, 500, "job_cancelled"),
    ],
)
def test_audio_of_a_job_without_a_result_is_its_failure(services, accepted, failure, status, code):
    with pytest.raises(JobFailed) as raised:
        audio_response(services, replace(accepted, state=JobState.CANCELLED, error=failure))
    assert (raised.value.status, raised.value.code) == (status, code)
    assert raised.value.retryable is bool(failure and failure.retryable)
