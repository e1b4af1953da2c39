"""The command line, in process and as a program of its own, against the server of ../wire_server.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from framework.cli.main import app
from tests.services.machine_speed import deadline
from tests.unit.framework.wire_server import FINISHED, KEY, WireServer

Voicemill = Callable[..., Result]


@pytest.fixture
def voicemill(wire: WireServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Voicemill:
    """`voicemill("jobs", "--json")` with `tmp_path` as its working directory."""
    monkeypatch.setenv("VOICEMILL_URL", wire.url)
    monkeypatch.setenv("VOICEMILL_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, input: str | None = None) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@dataclass
class Worker:
    """Finishes jobs: each by the next function of `outcomes`, all further ones by the last."""

    wire: WireServer
    outcomes: list[Callable[[str], None]]

    def run(self, stop: threading.Event) -> None:
        number = 0
        while not stop.is_set():
            with self.wire.changed:
                self.wire.changed.wait(timeout=0.02)
                open_jobs = [job_id for job_id, job in self.wire.jobs.items() if job["state"] not in FINISHED]
            for job_id in open_jobs:
                self.wire.move(job_id, done=40.0)
                self.outcomes[min(number, len(self.outcomes) - 1)](job_id)
                number += 1


@pytest.fixture
def start_worker(wire: WireServer) -> Iterator[Callable[..., None]]:
    """`start_worker(outcome, …)` starts a worker."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(*outcomes: Callable[[str], None]) -> None:
        thread = threading.Thread(target=Worker(wire, list(outcomes)).run, args=(stop,))
        threads.append(thread)
        thread.start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()


@dataclass
class Program:
    """`voicemill` as a process."""

    environment: Mapping[str, str]
    directory: Path

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            timeout=deadline(120),
            env=dict(self.environment),
            cwd=self.directory,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    @staticmethod
    def command(*arguments: object) -> list[str]:
        return [sys.executable, "-m", "framework.cli.main", *(str(argument) for argument in arguments)]


@pytest.fixture
def program(wire: WireServer, tmp_path: Path) -> Program:
    environment = {**os.environ, "VOICEMILL_URL": wire.url, "VOICEMILL_API_KEY": KEY, "COLUMNS": "200"}
    return Program(environment, tmp_path)


@pytest.fixture
def fake_server(program: Program, tmp_path: Path) -> Program:
    """`program` with packages of the server's names, which print what they were started with.

    One set is on the path, as if installed; another lies in the working directory and must never be used.
    """
    source = "import json, sys\nprint(json.dumps([{place!r}, sys.executable, sys.argv[1:]]))\n"
    for place in ("installed", "here"):
        for module in ("workers/stack", "workers/controller", "workers/maintenance/audit", "migrations/__main__"):
            path = tmp_path / place / f"{module}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source.format(place=place))
        for package in ("workers", "workers/maintenance", "migrations"):
            (tmp_path / place / package / "__init__.py").touch()
    environment = {**program.environment, "PYTHONPATH": str(tmp_path / "installed"), "PYTHONSAFEPATH": "1"}
    return Program(environment, tmp_path / "here")


def started_with(fake_server: Program, *arguments: str) -> list[str]:
    """The arguments that the server's program got from `voicemill` with these `arguments`."""
    ended = fake_server.run(*arguments)
    assert ended.returncode == 0, ended.stderr
    place, executable, passed = json.loads(ended.stdout)
    assert (place, executable) == ("installed", sys.executable)
    return list(passed)


__all__ = ["Program", "Voicemill"]
