"""Real processes under the supervisor: started again, stopped in order, gone with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.services.machine_speed import deadline, poll
from workers.stack.supervisor import Service, Supervisor

ROOT = Path(__file__).parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def lines():
    return []


@pytest.fixture
def supervisor(tmp_path, lines):
    made = Supervisor(tmp_path, lines.append)
    yield made
    made.kill()


def service(name, command, **fields):
    return Service(name, command, dict(os.environ), **fields)


def test_what_ends_is_started_again_and_that_is_said(supervisor, lines):
    worker = service("worker", SLEEP)
    supervisor.start(worker)
    first = worker.process.pid
    worker.process.kill()
    assert poll(lambda: supervisor.watch() or (worker.is_up and worker.process.pid != first))
    assert "worker ended (signal 9)" in lines[0]


def test_what_keeps_ending_waits_longer_each_time(supervisor):
    worker = service("worker", [sys.executable, "-c", "raise SystemExit(3)"])
    supervisor.start(worker)
    pauses = []

    def paused_thrice():
        supervisor.watch()
        if worker.pause_s not in pauses and worker.pause_s:
            pauses.append(worker.pause_s)
        return len(pauses) == 3

    assert poll(paused_thrice)
    assert pauses == sorted(pauses) and pauses[-1] >= 4 * pauses[0]


def test_its_output_is_in_a_file_of_its_own(supervisor):
    supervisor.start(
        service("talker", [sys.executable, "-c", "print('hello from here', flush=True); import time; time.sleep(60)"])
    )
    assert poll(lambda: "hello from here" in supervisor.log_tail("talker"))


_LEAVES_A_TRACE = """
import signal, sys, time, pathlib
def stop(*_):
    pathlib.Path(sys.argv[1]).write_text(str(time.monotonic()))
    raise SystemExit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
time.sleep(600)
"""


def test_what_is_built_on_others_stops_before_them(supervisor, tmp_path):
    for name, level in (("ground", 0), ("first", 1), ("roof", 2)):
        supervisor.start(
            service(name, [sys.executable, "-c", _LEAVES_A_TRACE, str(tmp_path / f"{name}.at")], level=level)
        )
    assert poll(lambda: all("ready" in supervisor.log_tail(name) for name in ("ground", "first", "roof")))
    supervisor.stop()
    at = {name: float((tmp_path / f"{name}.at").read_text()) for name in ("ground", "first", "roof")}
    assert at["roof"] < at["first"] < at["ground"]


def test_who_does_not_stop_in_time_is_killed_with_all_it_started(supervisor, lines):
    stubborn = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    worker = service("stubborn", [sys.executable, "-c", stubborn], grace_s=0.2)
    supervisor.start(worker)
    assert poll(lambda: supervisor.log_tail("stubborn"))
    family = [psutil.Process(worker.process.pid), psutil.Process(int(supervisor.log_tail("stubborn")))]
    supervisor.stop()
    assert not psutil.wait_procs(family, timeout=deadline(30))[1]
    assert "did not stop" in lines[0]


def test_children_of_a_service_that_died_are_ended(supervisor):
    parent = (
        "import subprocess, sys, os\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "os._exit(1)\n"
    )
    supervisor.start(service("parent", [sys.executable, "-c", parent]))
    assert poll(lambda: supervisor.log_tail("parent"))
    child = psutil.Process(int(supervisor.log_tail("parent").splitlines()[0]))
    assert poll(lambda: supervisor.watch() or not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


_SUPERVISED = """
import os, sys, time
from pathlib import Path
from workers.stack.supervisor import Service, Supervisor
supervisor = Supervisor(Path(sys.argv[1]), print)
service = Service("sleep", [sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ))
supervisor.start(service)
print(service.process.pid, flush=True)
time.sleep(600)
"""


def test_services_end_with_a_killed_supervisor(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _SUPERVISED, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    ) as supervisor:
        assert supervisor.stdout is not None
        child = psutil.Process(int(supervisor.stdout.readline()))
        os.kill(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
        assert not psutil.wait_procs([child], timeout=deadline(30))[1]


def test_a_log_that_grew_too_large_begins_anew(supervisor, tmp_path, monkeypatch):
    monkeypatch.setattr("workers.stack.supervisor._LOG_BYTES", 10)
    (tmp_path / "talker.log").write_text("from the last run, long ago")
    supervisor.start(service("talker", [sys.executable, "-c", "print('now')"]))
    assert poll(lambda: supervisor.log_tail("talker") == "now")
    assert (tmp_path / "talker.old.log").read_text().startswith("from the last run")
