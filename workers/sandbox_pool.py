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
import time
from collections.abc import Callable, Iterator, Mapping
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
#: Seconds before a template that ended is replaced.
_RESTART_PAUSE_S = 0.5


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
        self._callback: Callable[[], None] | None = None
        self._template = self._start()

    def wait_until_loaded(self, timeout_s: float) -> bool:
        """Whether the template said within the time that it is ready to fork, or why it never will be."""
        return self._template.settled.wait(timeout_s)

    def failures(self) -> list[str]:
        """Why there is no sandbox on this machine."""
        return [self._template.refusal] if self._template.refusal is not None else []

    def is_warm(self) -> bool:
        return self._template.ready.is_set()

    @contextmanager
    def running(self, message: Message, directory: Path, *, lane: str, solo: bool) -> Iterator[SandboxRun]:
        ours, theirs = socket.socketpair()
        template = self._template
        run = SandboxRun(next(self._numbers), Channel(ours), template, self._stall_s)
        try:
            with theirs:
                template.fork(run, directory, self._limits, theirs)
            run.send({**message, "op": "run"})
            yield run
        finally:
            run.close()
            template.forget(run)

    def call_when_warm(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    def _start(self) -> _Template:
        return _Template(self._module, self._environment, when_ready=self._became_warm, when_gone=self._replace)

    def _became_warm(self) -> None:
        if self._callback is not None:
            self._callback()

    def _replace(self) -> None:
        """The template ended: start another, in the thread that listened to it."""
        with self._lock:
            if not self._closing and self._template.refusal is None:
                _log.error("sandbox_template_died")
                time.sleep(_RESTART_PAUSE_S)
                self._template = self._start()

    def describe(self) -> dict[str, Any]:
        return {"walls": self._template.walls, "engine_rss_bytes": [self._template.rss_bytes()]}

    def close(self) -> None:
        with self._lock:
            self._closing = True
        self._template.close()


class _Template:
    """The controller's side of one template process."""

    def __init__(
        self,
        module: str,
        environment: Mapping[str, str],
        *,
        when_ready: Callable[[], None],
        when_gone: Callable[[], None],
    ) -> None:
        self._when_ready = when_ready
        self._when_gone = when_gone
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ready = threading.Event()
        self.settled = threading.Event()
        self.refusal: str | None = None
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
                self.settled.set()
                self._when_ready()
            elif event["event"] == "refused":
                self.refusal = event["detail"]
                self.settled.set()
            elif (run := self._runs.get(event["id"])) is not None:
                run.exited(event["status"])
        self.ready.clear()
        kill_group(self._process)
        self._process.wait()
        self._control.close()
        with self._lock:
            for run in self._runs.values():
                run.exited(None)
        self._when_gone()


def _say(status: int | None) -> str:
    if status is None:
        return "its template ended"
    if status < 0:
        known = {int(signal.SIGKILL): "killed, perhaps for its memory", int(signal.SIGXCPU): "CPU time used up"}
        return known.get(-status, f"signal {-status}")
    return "out of memory" if status == 137 else f"status {status}"
