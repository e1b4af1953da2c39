"""`voicemill up` when it cannot start: it names the reason and leaves no process behind."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.acceptance.running_stack import RunningStack
from tests.integration.misbehaving_family import models_toml
from tests.services.machine_speed import deadline, poll

ROOT = Path(__file__).parents[2]


def start_and_fail(data_dir, families, *options, **environment):
    """Exit code and stderr of a stack that does not start; none of its processes is left."""
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    env = {name: value for name, value in os.environ.items() if not name.startswith("VOICEMILL_")}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "workers.stack",
            "--data-dir",
            str(data_dir),
            "--port",
            "0",
            "--families",
            families,
            *options,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=deadline(240),
        check=False,
        env={**env, **environment},
    )
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before
    assert not (data_dir / "client.json").exists()
    return done.returncode, done.stderr


def test_a_family_that_cannot_run_here_is_named_with_its_cure(tmp_path):
    (tmp_path / "models.toml").write_text(models_toml(tmp_path))
    status, stderr = start_and_fail(tmp_path, "absent")
    assert status == 1
    assert "worker-absent" in stderr and "pip install the-weights" in stderr


def test_a_family_that_cannot_run_here_leaves_the_others_up_and_is_named(tmp_path):
    running = RunningStack(tmp_path / "data", families="slow,unheard-of")
    try:
        running.wait_ready()
        assert poll(lambda: "unheard-of cannot start" in running.read_log(), deadline_s=60), running.read_log()
        assert running.process.poll() is None
    finally:
        running.stop()


def test_an_unknown_family_is_named_with_those_there_are(tmp_path):
    status, stderr = start_and_fail(tmp_path, "unheard-of")
    assert status == 1
    assert "unheard-of" in stderr and "espeak" in stderr


def test_a_service_that_cannot_start_is_named_with_the_end_of_its_log(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens there
        port = taken.getsockname()[1]
        status, stderr = start_and_fail(tmp_path, "tone", "--flower-port", str(port))
    assert status == 1
    assert f"flower does not listen on port {port}" in stderr
    assert "it ended (" in stderr
    assert "in use" in stderr, "the end of its log is missing"


@pytest.mark.parametrize("url", ["postgresql+psycopg://nobody:secret-word@127.0.0.1:1/none"])
def test_a_database_that_does_not_answer_is_reported_without_its_password(tmp_path, url):
    status, stderr = start_and_fail(
        tmp_path, "tone", VOICEMILL_DATABASE_URL=url, VOICEMILL_SECRET_KEY="a key of at least thirty-two characters"
    )
    assert status == 2
    assert "database" in stderr
    assert "secret-word" not in stderr
