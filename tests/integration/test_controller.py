"""The worker process as its operator meets it: what it refuses, how it stops. Celery and Redis are real."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from jobs.job import NewJob
from jobs.settings import Settings
from migrations import upgrade
from pipelines.requests import SynthesisRequest
from tests.integration.misbehaving_family import models_toml
from tests.services.machine_speed import deadline, poll
from tests.services.process import Child
from workers.wiring import wire

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path, redis_url):
    (tmp_path / "models.toml").write_text(models_toml(tmp_path))
    made = Settings(data_dir=tmp_path, broker_url=redis_url, grace_s=0.5)
    upgrade(made.resolved_database_url())
    return made


@pytest.fixture
def services(settings):
    made = wire(settings)
    made.store.keys.ensure_tenant("t")
    yield made
    made.dispatch.close()
    made.store.close()


@pytest.fixture
def start(settings, tmp_path):
    """Starts workers; ends them all."""
    children = []

    def go(*arguments, grace_s="0.5"):
        child = Child(
            [sys.executable, "-m", "workers.controller", *arguments],
            log=tmp_path / f"worker-{len(children)}.log",
            cwd=ROOT,
            env={
                "VOICEMILL_DATA_DIR": str(tmp_path),
                "VOICEMILL_GRACE_S": grace_s,
                "VOICEMILL_SWEEP_S": "0.2",
                "VOICEMILL_BROKER_URL": settings.broker_url.get_secret_value(),
            },
        )
        children.append(child)
        child.wait_ready(lambda: b"worker_ready" in child.log.read_bytes(), deadline_s=90)
        return child

    yield go
    for child in children:
        child.stop(grace_s=60)


def refused(*arguments, **environment):
    """Exit code and last words of a worker that does not start."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("VOICEMILL_")}
    done = subprocess.run(
        [sys.executable, "-m", "workers.controller", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=deadline(90),
        env={**env, **environment},
        check=False,
    )
    return done.returncode, done.stderr


def accept(services, text, **fields):
    """A recorded job whose workers have been notified."""
    request = SynthesisRequest(text=text, model="moody", **fields)
    new = NewJob("t", "tts.synthesize", "moody", request.model_dump(mode="json"))
    job = services.store.jobs.submit(new).job
    services.dispatch.notify("cpu")
    return job


def state(services, job):
    return services.store.jobs.get("t", job.id).state


def test_without_a_broker_it_names_the_setting(tmp_path):
    status, said = refused("--family", "tone", VOICEMILL_DATA_DIR=str(tmp_path))
    assert status == 2
    assert "VOICEMILL_BROKER_URL" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--family", "unheard-of"], ["unheard-of", "espeak", "cpu"]),
        (["--family", "espeak", "--device", "cuda:0"], ["espeak", "CPU"]),
        (["--family", "tone", "--model", "tine"], ["tine", "tone-listener"]),
        (["--family", "absent"], ["pip install the-weights"]),
    ],
    ids=["family", "device", "model", "weights"],
)
def test_what_it_cannot_do_it_refuses_and_names(settings, arguments, words):
    status, said = refused(
        *arguments,
        VOICEMILL_DATA_DIR=str(settings.data_dir),
        VOICEMILL_BROKER_URL=settings.broker_url.get_secret_value(),
    )
    assert status == 2
    assert all(word in said for word in words), said


def test_a_worker_is_seen_while_it_lives_and_gone_when_it_stops(services, start):
    worker = start("--family", "moody", "--engines", "1")
    (row,) = services.store.workers.list_live()
    installation, _, pool, pid = row.id.split(":")
    assert (installation, pool, int(pid)) == (services.store.maintenance.installation_id(), "tts.moody", worker.pid)
    assert row.queues == ["tts.moody"] or tuple(row.queues) == ("tts.moody",)
    assert row.slots == 4
    assert poll(lambda: services.store.workers.list_live()[0].info.models["moody"].state == "warm")
    worker.stop(grace_s=60)
    assert not services.store.workers.list_live()


def test_work_that_waited_is_done_when_a_worker_starts(services, start):
    job = accept(services, "Nobody is here yet.")
    start("--family", "cpu", "--engines", "1")
    start("--family", "moody", "--engines", "1")
    assert poll(lambda: state(services, job) == "succeeded", deadline_s=60)


def test_log_of_an_unforeseen_error_holds_no_text_of_the_user(services, settings, start, monkeypatch):
    """One error in the engine, in code that knows the text, and one in the worker's own code, which has the job."""
    monkeypatch.setenv("VOICEMILL_LOG_JSON", "true")
    secret = "Tomorrow at noon by the old mill"
    accept(services, f"{secret} they stumble.")
    planner = start("--family", "cpu", "--engines", "1")
    assert poll(lambda: services.store.chunks.depths().get("tts.moody"), deadline_s=60)
    engine = start("--family", "moody", "--engines", "1")
    assert poll(lambda: b"chunk_not_done" in engine.log.read_bytes(), deadline_s=60)

    def damage_span() -> int:
        with sqlite3.connect(settings.data_dir / "voicemill.db", timeout=deadline(30)) as database:
            return database.execute(
                "UPDATE chunks SET span = '[]', available_at = 0 WHERE step = 'work' AND state = 'ready'"
            ).rowcount

    assert poll(damage_span, deadline_s=60)  # the line is written before the chunk is released
    services.dispatch.notify("tts.moody")
    assert poll(lambda: b"AttributeError" in engine.log.read_bytes(), deadline_s=60)
    log = engine.log.read_text() + planner.log.read_text()
    assert {json.loads(line)["event"] for line in log.splitlines() if "chunk_not_done" in line} == {"chunk_not_done"}
    assert "ValueError" in log and secret not in log and "stumble" not in log


def test_a_stop_lets_a_short_chunk_finish(services, start, tmp_path):
    start("--family", "cpu", "--engines", "1")
    worker = start("--family", "moody", "--engines", "1", grace_s="30")
    job = accept(services, "Please wait.")
    assert poll(lambda: list(tmp_path.glob("call-*")))
    worker.process.send_signal(signal.SIGTERM)
    (tmp_path / "go").touch()
    assert worker.process.wait(deadline(60)) == 0
    assert poll(lambda: state(services, job) == "succeeded", deadline_s=60)


def test_a_stop_gives_a_long_chunk_back_uncharged(services, start, tmp_path):
    start("--family", "cpu", "--engines", "1")
    worker = start("--family", "moody", "--engines", "1")
    engines = psutil.Process(worker.pid).children(recursive=True)
    job = accept(services, "Please wait.")
    assert poll(lambda: list(tmp_path.glob("call-*")))
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(deadline(60)) == 0
    assert not psutil.wait_procs(engines, timeout=deadline(30))[1]
    now = services.store.jobs.get("t", job.id)
    assert (now.state, now.attempts) == ("running", 1)
    (tmp_path / "go").touch()
    start("--family", "moody", "--engines", "1")
    assert poll(lambda: state(services, job) == "succeeded", deadline_s=60)
    assert services.store.jobs.get("t", job.id).attempts == 1


def test_a_stopping_worker_claims_nothing_more(services, start, tmp_path):
    start("--family", "cpu", "--engines", "1")
    worker = start("--family", "moody", "--engines", "1", grace_s="30")
    first = accept(services, "Please wait.")
    assert poll(lambda: list(tmp_path.glob("call-*")))
    worker.process.send_signal(signal.SIGTERM)
    assert poll(lambda: b"Warm shutdown" in worker.log.read_bytes())
    second = accept(services, "Too late.")
    assert poll(lambda: state(services, second) == "running")
    time.sleep(1)  # for a notification that must not be consumed there is nothing to wait for
    (tmp_path / "go").touch()
    assert worker.process.wait(deadline(60)) == 0
    assert state(services, first) in ("stitching", "succeeded")
    assert len(list(tmp_path.glob("call-*"))) == 1


def test_cancel_reaches_a_worker_with_its_next_heartbeat(services, start, tmp_path, monkeypatch):
    monkeypatch.setenv("VOICEMILL_HEARTBEAT_S", "0.5")
    start("--family", "cpu", "--engines", "1")
    start("--family", "moody", "--engines", "1")
    job = accept(services, "Please wait.")
    assert poll(lambda: list(tmp_path.glob("call-*")))
    services.store.jobs.cancel("t", job.id)
    assert poll(lambda: state(services, job) == "cancelled", deadline_s=30)
