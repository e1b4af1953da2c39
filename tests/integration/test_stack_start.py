"""Waiting for real processes that start: slow ones, stuck ones, and those that never will."""

import os
import sys
import threading

import pytest

from tests.services.machine_speed import deadline, poll
from workers.stack.readiness import MOST_EXITS, IdleTimer, StackStart
from workers.stack.supervisor import Service, Supervisor

#: Seconds without progress that these tests wait for.
IDLE_S = 1.5
_BUSY = """
import pathlib, sys, time
until = time.monotonic() + float(sys.argv[2])
while time.monotonic() < until:
    pass
pathlib.Path(sys.argv[1]).touch()
time.sleep(600)
"""


@pytest.fixture
def lines():
    return []


@pytest.fixture
def supervisor(tmp_path, lines):
    made = Supervisor(tmp_path, lines.append)
    yield made
    made.kill()


@pytest.fixture
def run(supervisor):
    """Starts a program under the supervisor."""

    def go(name, program, *arguments):
        command = [sys.executable, "-c", program, *map(str, arguments)]
        supervisor.start(Service(name, command, dict(os.environ)))

    return go


def never():
    return "does not listen on port 1"


def wait(supervisor, lines, checks, **options):
    """A start, and what its wait came to."""
    start = StackStart(supervisor, checks, print_line=lines.append, **{"idle_s": deadline(IDLE_S), **options})
    return start, start.wait(threading.Event())


def test_a_stuck_service_ends_the_wait_and_is_named_with_its_log(supervisor, lines, run, tmp_path):
    run("stuck", "import time; print('loading', flush=True); time.sleep(600)")
    start, is_ready = wait(supervisor, lines, {"stuck": never})
    assert not is_ready
    assert "no progress" in start.reason
    assert "--- stuck does not listen on port 1; it runs (process " in start.report()
    assert "loading" in start.report()
    assert str(tmp_path / "stuck.log") in start.report()


def test_an_empty_log_is_said_to_be_empty(supervisor, lines, run, tmp_path):
    (tmp_path / "mute.log").write_text("of an earlier run\n")
    run("mute", "import time; time.sleep(600)")
    start, is_ready = wait(supervisor, lines, {"mute": never})
    assert not is_ready
    assert f"its log is empty: {tmp_path / 'mute.log'}" in start.report()
    assert "earlier run" not in start.report()


def test_a_service_at_work_is_waited_for_however_long_it_takes(supervisor, lines, run, tmp_path):
    idle_s = deadline(IDLE_S)
    run("slow", _BUSY, tmp_path / "ready", 3 * idle_s)
    check = lambda: "" if (tmp_path / "ready").exists() else "has not touched the file"  # noqa: E731
    start, is_ready = wait(supervisor, lines, {"slow": check}, idle_s=idle_s)
    assert is_ready
    assert (start.missing, start.reason) == ({}, "")


def test_work_of_a_descendant_counts(supervisor, lines, run, tmp_path):
    idle_s = deadline(IDLE_S)
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"
    run("parent", parent, _BUSY, tmp_path / "ready", 3 * idle_s)
    check = lambda: "" if (tmp_path / "ready").exists() else "has not touched the file"  # noqa: E731
    _, is_ready = wait(supervisor, lines, {"parent": check}, idle_s=idle_s)
    assert is_ready


def test_a_service_that_keeps_ending_ends_the_wait_with_its_log(supervisor, lines, run):
    run("brittle", "import sys; sys.exit('no such file')")
    start, is_ready = wait(supervisor, lines, {"brittle": never}, idle_s=3600)
    assert not is_ready
    assert start.reason == f"brittle has ended {MOST_EXITS} times"
    assert f"it ended (exit code 1, {MOST_EXITS} in all)" in start.report()
    assert "no such file" in start.report()


def test_a_service_that_refuses_to_start_is_not_waited_for(supervisor, lines, run):
    run("other", "import time; time.sleep(600)")
    run("picky", "import sys; print('no such family'); sys.exit(2)")
    start, is_ready = wait(supervisor, lines, {"other": never, "picky": never}, optional=["picky"], idle_s=3600)
    assert not is_ready
    assert start.reason == "picky cannot start as asked"
    assert "no such family" in start.report()
    assert "--- other" not in start.report(), "the cause is hidden among its consequences"


def test_optional_services_are_waited_for_only_so_long(supervisor, lines, run):
    run("family", "import time; time.sleep(600)")
    asked = []
    start, is_ready = wait(
        supervisor,
        lines,
        {"family": lambda: "has not reported", "api": lambda: ""},
        optional=["family"],
        optional_s=0.5,
        last=("api", lambda: asked.append(1) or ""),
    )
    assert is_ready
    assert start.missing == {"family": "has not reported"}
    assert len(asked) == 1


def test_last_check_is_made_until_it_holds(supervisor, lines, run):
    run("api", "import time; time.sleep(600)")
    answers = iter(["answers 503", "answers 503", ""])
    start, is_ready = wait(supervisor, lines, {"api": lambda: ""}, last=("api", lambda: next(answers)))
    assert is_ready
    assert next(answers, "asked thrice") == "asked thrice"
    assert start.missing == {}


def test_what_is_waited_for_is_reported_now_and_then(supervisor, lines, run):
    run("stuck", "import time; time.sleep(600)")
    wait(supervisor, lines, {"stuck": never}, report_every_s=0.2)
    assert lines.count("waiting: stuck does not listen on port 1") >= 1


def test_a_stop_ends_the_wait(supervisor, lines, run):
    run("stuck", "import time; time.sleep(600)")
    start, stop = StackStart(supervisor, {"stuck": never}, print_line=lines.append), threading.Event()
    thread = threading.Thread(target=lambda: (poll(lambda: start.missing), stop.set()))
    thread.start()
    assert not start.wait(stop)
    assert start.reason == ""
    thread.join()


def test_one_more_service_that_is_ready_is_progress():
    timer = IdleTimer(least_s=1.0)
    assert poll(lambda: timer.idle_s([], missing=3) > 0)
    assert timer.idle_s([], missing=2) == 0
