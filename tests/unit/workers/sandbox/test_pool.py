"""Working directories of a reused process."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from workers.engines.engine import EngineDied
from workers.sandbox import pool
from workers.sandbox.pool import _ReusableSandbox


class Process:
    """A confined process that only has a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.is_over = threading.Event()
        self.idle = True
        directory.mkdir()
        (directory / "stderr.txt").touch()

    def is_idle(self) -> bool:
        return self.idle

    def close(self) -> None:
        self.is_over.set()


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(tmp_path / "reused-1")


@pytest.fixture
def sandbox(process: Process) -> _ReusableSandbox:
    return _ReusableSandbox(process, "acme")  # type: ignore[arg-type]


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    path = tmp_path / "chunk" / "work"
    path.mkdir(parents=True)
    (path / "source").write_text("data")
    return path


def test_a_working_directory_is_moved_in_and_out(sandbox: _ReusableSandbox, process: Process, workdir: Path) -> None:
    with sandbox.hold_workdir(workdir):
        assert not workdir.exists()
        (process.directory / "work" / "part").write_text("x")
    assert sorted(path.name for path in workdir.iterdir()) == ["part", "source"]
    assert sandbox.can_be_reused()


def test_the_log_of_a_process_that_ended_goes_with_the_run(
    sandbox: _ReusableSandbox, process: Process, workdir: Path
) -> None:
    with sandbox.hold_workdir(workdir):
        process.is_over.set()
    assert (workdir / "stderr.txt").exists()
    assert not sandbox.is_usable()


def test_a_home_that_is_not_empty_is_no_chunks_fault(
    sandbox: _ReusableSandbox, process: Process, workdir: Path
) -> None:
    (process.directory / "work").mkdir()
    (process.directory / "work" / "left behind").touch()
    with pytest.raises(EngineDied) as died, sandbox.hold_workdir(workdir):
        pass
    assert not died.value.caused_by_chunk
    assert workdir.exists()


@pytest.mark.parametrize("fault", ["busy", "file", "used up"])
def test_a_process_is_not_reused(
    sandbox: _ReusableSandbox, process: Process, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    if fault == "busy":
        process.idle = False
    elif fault == "file":
        (process.directory / "left behind").touch()
    else:
        monkeypatch.setattr(pool, "_MOST_RUNS", 1)
    assert not sandbox.can_be_reused()


def test_closing_removes_the_home(sandbox: _ReusableSandbox, process: Process) -> None:
    sandbox.close()
    assert process.is_over.is_set() and not process.directory.exists()
