"""Starting child processes that never outlive this one.

PR_SET_PDEATHSIG fires when the *thread* that started the child ends: every start goes through one thread that lives
as long as this process.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_PR_SET_PDEATHSIG = 1

#: The directory that holds the packages: children are started as modules from there, whatever the current directory.
SOURCE_ROOT = Path(__file__).resolve().parent.parent

_lock = threading.Lock()
_spawner: ThreadPoolExecutor | None = None


def die_with_parent(parent: int, sig: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel (Linux) for `sig` when the process `parent` ends; leave at once if it already has.

    To be called again after a change of user: the kernel forgets it then.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def prefer_as_oom_victim() -> None:
    """Where the machine's memory runs out, have the kernel kill this process rather than its controller."""
    try:
        Path("/proc/self/oom_score_adj").write_text("900")
    except OSError:
        return


def spawn(
    module: str,
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `python -m module arguments…` as the leader of a new session, from the one long-lived thread."""
    command = [sys.executable, "-m", module, *arguments]
    return _spawner_thread().submit(_start, command, dict(env), tuple(pass_fds)).result()


def _start(command: list[str], env: dict[str, str], pass_fds: tuple[int, ...]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env={**env, "PYTHONPATH": str(SOURCE_ROOT)},
        cwd=SOURCE_ROOT,
        pass_fds=pass_fds,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _spawner_thread() -> ThreadPoolExecutor:
    global _spawner  # noqa: PLW0603 – one per process is the point: see above
    with _lock:
        if _spawner is None:
            _spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")
            atexit.register(_spawner.shutdown, wait=False)
        return _spawner


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the child and to what it started; harmless when it is gone."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        except PermissionError:
            process.kill()
