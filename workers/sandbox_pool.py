"""The engines of the cpu queue: every chunk in a confined process of its own, forked from one template.

Knows the template's messages and the ends of processes; what the walls are stands in workers/sandbox/.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import structlog

from workers.channel import Channel, ChannelClosed, Message
from workers.child_process import kill_group, spawn
from workers.engine import EngineDied
from workers.sandbox.confinement import Limits

_log = structlog.get_logger(__name__)

#: Seconds for a fork that closed its channel to be reaped and reported.
_REAP_S = 5.0


class SandboxRun:
    """`engine.Run` of a chunk in its own confined process."""

    def __init__(self, number: int, channel: Channel, template: _Template, stall_s: float) -> None:
        self.id = number
        self.stall_s = stall_s
        self.ended = False
        self._channel = channel
        self._template = template
        self._killed = False
        self._status: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def exited(self, status: int | None) -> None:
        """Called by the thread that reads the template; None when the template itself is gone."""
        self._status.put(status)

    def next(self, timeout_s: float) -> Message:
        try:
            event = self._channel.receive(timeout_s)
        except ChannelClosed:
            raise self._obituary() from None
        self.ended = self.ended or event.get("event") in ("done", "failed", "interrupted")
        return event

    def _obituary(self) -> EngineDied:
        try:
            status = self._status.get(timeout=_REAP_S)
        except queue.Empty:
            self.kill()
            status = None
        # A template that is gone took its forks along: this chunk is not to blame for that.
        detail = f"The process that read the input ended: {_say(status)}."
        return EngineDied(detail, alone=True, to_blame=status is not None or self._killed)

    def send(self, message: Message) -> None:
        try:
            self._channel.send(message)
        except ChannelClosed:
            return  # its last words may still be unread: `next` gives those, and raises after them

    def kill(self) -> None:
        self._killed = True
        self._template.kill(self.id)

    def close(self) -> None:
        """End the process; what it still does after its last word is of no interest."""
        self._template.kill(self.id)
        self._channel.close()


class SandboxPool:
    """`engine.Engines` of the cpu queue. How many run at once is decided by who claims."""

    def __init__(
        self, limits: Limits, *, stall_s: float, environment: Mapping[str, str], template: str = "workers.cpu_template"
    ) -> None:
        """`template`: the module to start; tests start one whose pipelines misbehave."""
        self._limits = limits
        self._module = template
        self._stall_s = stall_s
        self._environment = environment
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._closing = False
        self._template = _Template(template, environment)

    def wait_until_loaded(self, timeout_s: float) -> bool:
        """Whether the template was ready to fork within the time."""
        return self._template.ready.wait(timeout_s)

    def is_warm(self) -> bool:
        return self._template.ready.is_set()

    @contextmanager
    def running(self, message: Message, directory: Path, *, lane: str, solo: bool) -> Iterator[SandboxRun]:
        ours, theirs = socket.socketpair()
        run = SandboxRun(next(self._numbers), Channel(ours), self._living_template(), self._stall_s)
        with theirs:
            self._template.fork(run, directory, self._limits, theirs)
        try:
            run.send({**message, "op": "run"})
            yield run
        finally:
            run.close()
            self._template.forget(run)

    def _living_template(self) -> _Template:
        with self._lock:
            if self._template.gone.is_set() and not self._closing:
                _log.error("sandbox_template_died")
                self._template = _Template(self._module, self._environment)
            return self._template

    def describe(self) -> dict[str, Any]:
        return {"walls": self._template.walls, "engine_rss_bytes": [self._template.rss_bytes()]}

    def close(self) -> None:
        with self._lock:
            self._closing = True
        self._template.close()


class _Template:
    """The controller's side of one template process."""

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ready = threading.Event()
        self.gone = threading.Event()
        self.walls: list[str] = []
        self._lock = threading.Lock()
        self._runs: dict[int, SandboxRun] = {}
        with theirs:
            arguments = ["--fd", str(theirs.fileno()), "--parent", str(os.getpid())]
            self._process: subprocess.Popen[bytes] = spawn(
                module, arguments, env=environment, pass_fds=[theirs.fileno()]
            )
        self._listener = threading.Thread(target=self._listen, name="template-reader", daemon=True)
        self._listener.start()

    def fork(self, run: SandboxRun, directory: Path, limits: Limits, sock: socket.socket) -> None:
        """Raises EngineDied, blaming nobody."""
        message = {"op": "run", "id": run.id, "directory": str(directory), "limits": asdict(limits)}
        with self._lock:
            self._runs[run.id] = run
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], [sock.fileno()])
        except OSError as error:
            raise EngineDied("The sandbox is being started again.", alone=True, to_blame=False) from error

    def kill(self, number: int) -> None:
        try:
            self._control.send(json.dumps({"op": "kill", "id": number}).encode())
        except OSError:
            return  # gone, and its forks with it

    def forget(self, run: SandboxRun) -> None:
        with self._lock:
            self._runs.pop(run.id, None)

    def rss_bytes(self) -> int:
        try:
            return psutil.Process(self._process.pid).memory_info().rss
        except psutil.Error:
            return 0

    def close(self) -> None:
        """End it; the thread that listens to it sees that, and ends too."""
        self.gone.set()
        kill_group(self._process)
        self._listener.join(_REAP_S)

    def _listen(self) -> None:
        while True:
            try:
                data = self._control.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                break
            event = json.loads(data)
            if event["event"] == "ready":
                self.walls = event["walls"]
                self.ready.set()
            elif (run := self._runs.get(event["id"])) is not None:
                run.exited(event["status"])
        self.ready.clear()
        self.gone.set()
        kill_group(self._process)
        self._process.wait()
        self._control.close()
        with self._lock:
            for run in self._runs.values():
                run.exited(None)


def _say(status: int | None) -> str:
    if status is None:
        return "its template ended"
    if status < 0:
        known = {int(signal.SIGKILL): "killed, perhaps for its memory", int(signal.SIGXCPU): "CPU time used up"}
        return known.get(-status, f"signal {-status}")
    return "out of memory" if status == 137 else f"status {status}"
