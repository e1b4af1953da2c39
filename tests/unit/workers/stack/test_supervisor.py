"""How the supervisor describes its services; real processes: tests/integration/test_supervisor.py."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.machine_speed import deadline
from workers.stack.supervisor import Service, Supervisor, _describe_exit


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, lambda line: None)
    yield made
    made.kill()


def ended(supervisor: Supervisor, program: str) -> Service:
    service = Service("worker", [sys.executable, "-c", program], dict(os.environ))
    supervisor.start(service)
    assert service.process is not None
    service.process.wait(deadline(30))
    return service


@pytest.mark.parametrize(("status", "text"), [(-15, "signal 15"), (2, "exit code 2")])
def test_an_exit_is_described(status: int, text: str) -> None:
    assert _describe_exit(status) == text


def test_a_service_that_cannot_start_as_asked_is_named(supervisor: Supervisor) -> None:
    ended(supervisor, "import sys; sys.exit(2)")
    assert supervisor.down() == ["worker"]
    assert supervisor.state("worker") == "it ended (exit code 2, 1 in all)"
    supervisor.watch()
    assert supervisor.refused() == ["worker"]
    assert supervisor.exits("worker") == 1


def test_the_end_of_a_log_is_that_of_this_stack(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "worker.log").write_text("an earlier run\n")
    ended(supervisor, "for number in range(20): print(number)")
    assert supervisor.log_tail("worker", lines=2) == "18\n19"
    assert "earlier" not in supervisor.log_tail("worker", lines=100)


def test_a_large_log_is_rotated_at_the_next_start(supervisor: Supervisor, tmp_path: Path) -> None:
    with (tmp_path / "worker.log").open("wb") as log:
        log.truncate(10_000_001)
    ended(supervisor, "print('new')")
    assert (tmp_path / "worker.log").read_text() == "new\n"
    assert (tmp_path / "worker.old.log").stat().st_size == 10_000_001
