"""Which workers a job needs next, and which of them nobody runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.jobs.availability import Availability, find_availability
from api.jobs.schemas import MissingWorker
from jobs.job import NewJob
from jobs.states import JobState
from tests.unit.api.conftest import TENANT, run_plan

ESPEAK = MissingWorker(queue="tts.espeak", family="espeak", model="espeak")


@pytest.fixture
def running(services):
    new = NewJob(tenant_id=TENANT, kind="tts.synthesize", model="espeak", params={"text": "a"})
    job = services.store.jobs.submit(new).job
    run_plan(services, job, units=[1.0])
    return services.store.jobs.get(TENANT, job.id)


def test_running_job_needs_a_worker_on_the_queue_of_its_model(services, running, worker):
    assert find_availability(services, running) == Availability([ESPEAK], is_waiting=True)
    worker("stt.whisper")
    assert find_availability(services, running).is_waiting
    worker("tts.espeak")
    assert find_availability(services, running) == Availability([])


@pytest.mark.parametrize("state", [JobState.ACCEPTED, JobState.PLANNING, JobState.STITCHING])
def test_plan_and_stitch_need_a_worker_for_the_cpu(services, running, worker, state):
    job = replace(running, state=state)
    missing = MissingWorker(queue="cpu", family="cpu", model=None)
    assert find_availability(services, job) == Availability([missing], is_waiting=True)
    worker("cpu")
    assert find_availability(services, job) == Availability([])


@pytest.mark.parametrize("state", [state for state in JobState if state.is_terminal])
def test_ended_job_needs_none(services, running, state):
    assert find_availability(services, replace(running, state=state)) == Availability([])


def test_job_of_a_model_that_the_catalogue_no_longer_has_counts_as_served(services, running):
    assert find_availability(services, replace(running, model="gone")) == Availability([])


def test_job_with_several_models_is_served_by_a_worker_of_any_open_queue(services, running, worker, monkeypatch):
    several = replace(running, params={"verify": True, "verify_model": "whisper-tiny"})
    monkeypatch.setattr(services.store.jobs, "active_queues", lambda _: ["stt.whisper", "tts.espeak"])
    whisper = MissingWorker(queue="stt.whisper", family="whisper", model="whisper-tiny")
    assert find_availability(services, several) == Availability([whisper, ESPEAK], is_waiting=True)
    worker("tts.espeak")
    assert find_availability(services, several) == Availability([whisper], is_waiting=False)
