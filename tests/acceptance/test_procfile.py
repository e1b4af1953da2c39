"""The production mode: three URLs, migrations, a first key, the processes of the Procfile.

As docs/how-to/run-in-production.md starts it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from framework import Client
from tests.audio_factories import JFK
from tests.services.machine_speed import deadline, poll
from tests.services.process import Child, free_port

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = {"espeak": "tts.espeak", "pocketsphinx": "stt.pocketsphinx"}


@pytest.fixture
def environment(postgres_url, redis_url, s3_url, tmp_path) -> dict[str, str]:
    """The environment of every process; the credentials of the bucket are in os.environ."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "VOICEMILL_DATA_DIR": str(tmp_path / "data"),
        "VOICEMILL_DATABASE_URL": postgres_url,
        "VOICEMILL_BROKER_URL": redis_url,
        "VOICEMILL_STORAGE_URL": s3_url,
        "VOICEMILL_SECRET_KEY": "a key of this test alone, with enough characters",
        "FLOWER_BASIC_AUTH": "operator:sesame",
        "FLOWER_PORT": str(free_port()),
        "PYTHONUNBUFFERED": "1",
    }


def run(*arguments: str, environment: dict[str, str]) -> str:
    """The output of `python -m …`."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def server(environment, tmp_path) -> Iterator[tuple[str, Child]]:
    """Start the processes of the Procfile; yields the address of the API."""
    run("migrations", environment=environment)
    port = free_port()
    honcho = Child(
        [sys.executable, "-m", "honcho", "-f", "Procfile", "start", "-p", str(port)],
        log=tmp_path / "honcho.log",
        env=environment,
        cwd=ROOT,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        honcho.wait_ready(lambda: is_healthy(f"{address}/audio/health"), deadline_s=90)
        yield address, honcho
    finally:
        honcho.stop(grace_s=70)


def is_healthy(url: str) -> bool:
    try:
        return httpx.get(url, timeout=deadline(2)).status_code == 200
    except httpx.HTTPError:
        return False


def test_procfile_serves_both_kinds_of_jobs_and_stops_completely(server, environment, tmp_path):
    address, honcho = server
    key = run("workers.new_key", "--tenant", "main", "--scopes", "read,submit,admin", environment=environment).strip()
    with Client(address, key) as client:
        # With a named model a job is accepted before its worker has loaded it.
        synthesised = client.speak(
            "Good evening. This is Brannock Island.", model="espeak", format="flac", wait=deadline(120)
        )
        audio = client.jobs.download(synthesised, "flac", tmp_path / "synthesised.flac")
        assert audio.read_bytes()[:4] == b"fLaC"
        assert synthesised.result.duration_s > 1
        transcribed = client.transcribe(JFK, model="pocketsphinx-en-us", formats=["json"], wait=deadline(120))
        words = json.loads(client.jobs.read(transcribed, "json"))["text"].lower()
        assert "country" in words

        # Results are downloaded from the object storage, with a link that needs no key.
        link = httpx.get(f"{address}/jobs/{synthesised.id}/result", headers={"Authorization": f"Bearer {key}"})
        assert link.status_code == 302
        assert link.headers["Location"].startswith(environment["VOICEMILL_STORAGE_URL"].split("endpoint_url=")[1][:20])
        assert httpx.get(link.headers["Location"]).content == audio.read_bytes()

    flower = f"http://127.0.0.1:{environment['FLOWER_PORT']}/api/workers"
    assert poll(lambda: list_pools(flower) >= {"cpu", *FAMILIES.values()}, deadline_s=30)
    assert httpx.get(flower).status_code == 401

    assert run("workers.maintenance.audit", "--deep", environment=environment)
    children = psutil.Process(honcho.pid).children(recursive=True)
    assert len(children) > 5
    honcho.stop(signal.SIGTERM, grace_s=70)
    _, alive = psutil.wait_procs(children, timeout=deadline(30))
    assert alive == []


def list_pools(flower: str) -> set[str]:
    """The pools that Flower lists: the part before the @ of each worker's name."""
    try:
        seen = httpx.get(flower, auth=("operator", "sesame"), params={"refresh": "true"}, timeout=deadline(30))
    except httpx.HTTPError:
        return set()
    return {worker.partition("@")[0] for worker in seen.json()} if seen.status_code == 200 else set()
