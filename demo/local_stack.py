"""`voicemill up` as a child of the demo: own data directory, free ports, and a look afterwards that nothing is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

_STOP_S = 90.0
#: Becomes the command it is given. Linux tells it to end (SIGTERM) when the demo is gone, however that happens.
_END_WITH_ME = """
import ctypes, os, signal, sys
prctl = getattr(ctypes.CDLL(None), "prctl", None)
if prctl is not None:
    prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
if os.getppid() != int(sys.argv[1]):
    raise SystemExit("the demo is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class StackFailed(Exception):
    """The stack did not start, or did not stop as it should."""


class LocalStack:
    """A running stack while it is entered. Leaving stops it; `leftovers` then names what is still there."""

    def __init__(self, data_dir: Path, families: list[str], outbound_allow: str) -> None:
        self.data_dir = data_dir
        self.ready_s = 0.0
        self._log = data_dir / "voicemill-up.log"
        self._command = [
            sys.executable,
            "-c",
            _END_WITH_ME,
            str(os.getpid()),
            str(Path(sys.executable).with_name("voicemill")),
            "up",
            "--port",
            "0",
            "--data-dir",
            str(data_dir),
            "--families",
            ",".join(families),
        ]
        # A server of the user's own must play no part in this.
        mine = {name: value for name, value in os.environ.items() if not name.startswith("VOICEMILL_")}
        self._environment = {**mine, "VOICEMILL_OUTBOUND_ALLOW": outbound_allow}
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: dict[int, psutil.Process] = {}

    def __enter__(self) -> Self:
        began = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the demo, which then stops the stack in order.
                start_new_session=True,
            )
        try:
            # However slow this machine is: it gives up by itself, with the reason, when nothing gets on.
            told = 0
            while not (self.data_dir / "client.json").is_file():
                if self._process.poll() is not None:
                    raise StackFailed(f"`voicemill up` ended after {time.monotonic() - began:.0f} s:\n{self.log}")
                told = self._show_waiting(told)
                time.sleep(0.05)
        except BaseException:
            self.stop()
            raise
        self.ready_s = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _show_waiting(self, told: int) -> int:
        """Print what it says that it waits for, from that byte of its log on; returns where its last line ends."""
        said = self._log.read_bytes()
        end = said.rfind(b"\n") + 1
        for line in said[told:end].decode(errors="replace").splitlines():
            if "waiting:" in line:
                print(f"  {line}", flush=True)
        return end

    @property
    def client_file(self) -> dict[str, Any]:
        """What `voicemill up` tells its clients."""
        return dict(json.loads((self.data_dir / "client.json").read_text()))

    @property
    def log(self) -> str:
        """What it said, the last of it."""
        return self._log.read_text(errors="replace")[-4000:]

    def stop(self) -> int | None:
        """Stop in order; its exit code, None if it had to be killed. Twice is harmless."""
        process = self._process
        if process is None:
            return None
        self._look()
        process.terminate()
        until = time.monotonic() + _STOP_S
        while process.poll() is None and time.monotonic() < until:
            self._look()
            time.sleep(0.05)
        if process.poll() is None:
            process.kill()
            process.wait()
            return None
        return process.returncode

    def leftovers(self) -> list[str]:
        """Processes that the stack started and that still run, and whatever else runs with its data directory."""
        left = {process.pid: process for process in self._seen.values() if _is_alive(process)}
        for process in psutil.process_iter():
            try:
                words = [*process.cmdline(), *process.environ().values()]
            except psutil.Error:  # gone meanwhile, or somebody else's
                continue
            if process.pid != os.getpid() and any(str(self.data_dir) in word for word in words):
                left[process.pid] = process
        return [f"{pid} {_name(process)}" for pid, process in sorted(left.items())]

    def _look(self) -> None:
        """Remember who belongs to the stack: once its parent is gone a process cannot be told apart."""
        assert self._process is not None
        try:
            for process in psutil.Process(self._process.pid).children(recursive=True):
                self._seen.setdefault(process.pid, process)
        except psutil.Error:
            pass


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:100] or process.name()
    except psutil.Error:
        return "?"
