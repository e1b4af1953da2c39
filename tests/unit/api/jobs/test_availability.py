"""Whether a live worker serves what a job needs next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.jobs.availability import has_worker
from jobs.job import NewJob
from jobs.states import JobState
from tests.unit.api.conftest import TENANT, run_plan


@pytest.fixture
def running(services):
    new = NewJob(tenant_id=TENANT, kind="tts.synthesize", model="espeak", params={"text": "a"})
    job = services.store.jobs.submit(new).job
    run_plan(services, job, units=[1.0])
    return services.store.jobs.get(TENANT, job.id)


def test_running_job_needs_a_worker_on_the_queue_of_its_model(services, running, worker):
    assert has_worker(services, running) is False
    worker("stt.whisper")
    assert has_worker(services, running) is False
    worker("tts.espeak")
    assert has_worker(services, running) is True


@pytest.mark.parametrize("state", [JobState.ACCEPTED, JobState.SUCCEEDED, JobState.FAILED])
def test_job_that_does_not_run_needs_none(services, running, state):
    assert has_worker(services, replace(running, state=state)) is True


def test_job_of_a_model_that_the_catalogue_no_longer_has_counts_as_served(services, running):
    assert has_worker(services, replace(running, model="gone")) is True


def test_job_with_several_models_is_served_by_a_worker_of_any_open_queue(services, running, worker):
    several = replace(running, model="gone", params={"verify": True})
    assert has_worker(services, several) is False
    worker("tts.espeak")
    assert has_worker(services, several) is True
