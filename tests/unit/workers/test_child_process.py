"""Child processes that end with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.services.machine_speed import deadline
from workers.child_process import SOURCE_ROOT, kill_group, spawn


@pytest.fixture
def sleeping() -> subprocess.Popen[bytes]:
    """A child in a session of its own that has started another process."""
    inner = "import time; time.sleep(600)"
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {inner!r}]); {inner}"
    return subprocess.Popen([sys.executable, "-c", program], start_new_session=True)


def test_a_module_is_started_from_the_source_tree_with_the_environment_it_is_given() -> None:
    child = spawn("workers.new_key", ["--help"], env={"LANG": "C"})
    assert child.wait(deadline(30)) == 0
    assert (SOURCE_ROOT / "workers" / "new_key.py").is_file()


def test_killing_a_group_ends_its_children_too(sleeping: subprocess.Popen[bytes]) -> None:
    process = psutil.Process(sleeping.pid)
    until = time.monotonic() + deadline(30)
    while not (children := process.children()) and time.monotonic() < until:
        time.sleep(0.01)
    assert children
    kill_group(sleeping)
    sleeping.wait()
    _, alive = psutil.wait_procs(children, timeout=deadline(30))
    assert not alive
    kill_group(sleeping)  # it has ended: harmless


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    inner = (
        "import os, sys, time; from pathlib import Path; from workers.child_process import die_with_parent;"
        f"die_with_parent(int(sys.argv[1])); Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(600)"
    )
    outer = f"import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', {inner!r}, str(os.getpid())]).wait()"
    parent = subprocess.Popen([sys.executable, "-c", outer], cwd=SOURCE_ROOT)
    until = time.monotonic() + deadline(30)
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < until:
        time.sleep(0.01)
    child = psutil.Process(int(pid_file.read_text()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    _, alive = psutil.wait_procs([child], timeout=deadline(30))
    assert not alive


def test_a_child_whose_parent_is_gone_leaves_at_once() -> None:
    program = "from workers.child_process import die_with_parent; die_with_parent(1 << 22)"
    assert subprocess.run([sys.executable, "-c", program], cwd=SOURCE_ROOT, check=False).returncode == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_child_offers_itself_to_the_kernel_before_its_controller() -> None:
    program = (
        "from pathlib import Path; from workers.child_process import prefer_as_oom_victim; prefer_as_oom_victim();"
        "print(Path('/proc/self/oom_score_adj').read_text())"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=SOURCE_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "900"
