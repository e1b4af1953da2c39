"""The controller's side of the sandbox's template, and of the confined processes that are forked from it.

Knows the template's messages and the ends of processes; which chunk runs where is sandbox_pool's business.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import psutil

from workers.child_process import kill_group, spawn
from workers.engines.channel import Channel, ChannelClosed
from workers.engines.engine import EngineDied

from .confinement import Limits

#: Seconds for a fork that closed its channel to be reaped and reported.
_REAP_S = 5.0
#: Seconds for a fork to say that it waits for its next chunk.
_IDLE_S = 1.0


class Sandbox:
    """One confined process, from its fork to its end. Used by one thread at a time."""

    def __init__(self, number: int, channel: Channel, template: Template, directory: Path) -> None:
        """`directory`: all of the file system that it sees, and its current directory."""
        self.number = number
        self.channel = channel
        self.directory = directory
        #: Set once it has ended, whoever ended it.
        self.is_over = threading.Event()
        self._template = template
        self._killed = False
        self._status: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def exited(self, status: int | None) -> None:
        """Called by the thread that reads the template; None when the template itself is gone."""
        self.is_over.set()
        self._status.put(status)

    def obituary(self) -> EngineDied:
        """How it ended; to be asked once its channel is closed."""
        try:
            status = self._status.get(timeout=_REAP_S)
        except queue.Empty:
            self.kill()
            status = None
        # A template that is gone took its forks along: this chunk is not to blame for that.
        detail = f"The process that read the input ended: {_say(status)}."
        return EngineDied(detail, alone=True, to_blame=status is not None or self._killed)

    def waits_for_more(self) -> bool:
        """Whether it says, after the end of a chunk, that it may be given another."""
        try:
            return self.channel.receive(_IDLE_S).get("event") == "idle"
        except (ChannelClosed, TimeoutError):
            return False

    def kill(self) -> None:
        """End it for what it did."""
        self._killed = True
        self._template.kill(self.number)

    def close(self) -> None:
        """End it; what it still does after its last word is of no interest."""
        self._template.kill(self.number)
        self.channel.close()
        self._template.forget(self)


class Template:
    """One template process, as the controller sees it."""

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
        self._forks: dict[int, Sandbox] = {}
        with theirs:
            arguments = ["--fd", str(theirs.fileno()), "--parent", str(os.getpid())]
            self._process: subprocess.Popen[bytes] = spawn(
                module, arguments, env=environment, pass_fds=[theirs.fileno()]
            )
        self._listener = threading.Thread(target=self._listen, name="template-reader", daemon=True)
        self._listener.start()

    def fork(self, number: int, directory: Path, limits: Limits, *, keep: bool, imports: Sequence[str] = ()) -> Sandbox:
        """A process confined to this directory; `keep`: for more than one chunk. Raises EngineDied, blaming nobody.

        `imports`: modules that it needs and the template lacks; behind the walls it could not import them.
        """
        ours, theirs = socket.socketpair()
        made = Sandbox(number, Channel(ours), self, directory)
        message = {
            "op": "run",
            "id": number,
            "directory": str(directory),
            "limits": asdict(limits),
            "keep": keep,
            "imports": list(imports),
        }
        with self._lock:
            self._forks[number] = made
        with theirs:
            try:
                socket.send_fds(self._control, [json.dumps(message).encode()], [theirs.fileno()])
            except OSError as error:
                made.close()
                raise EngineDied("The sandbox is being started again.", alone=True, to_blame=False) from error
        return made

    def kill(self, number: int) -> None:
        """End a fork, where it still runs."""
        try:
            self._control.send(json.dumps({"op": "kill", "id": number}).encode())
        except OSError:
            return  # gone, and its forks with it

    def forget(self, fork: Sandbox) -> None:
        """Its end is of no interest any more."""
        with self._lock:
            self._forks.pop(fork.number, None)

    def rss_bytes(self) -> int:
        """Resident memory of the template alone."""
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
            elif (fork := self._forks.get(event["id"])) is not None:
                fork.exited(event["status"])
        self.ready.clear()
        kill_group(self._process)
        self._process.wait()
        self._control.close()
        with self._lock:
            for fork in self._forks.values():
                fork.exited(None)
        self._when_gone()


def _say(status: int | None) -> str:
    if status is None:
        return "its template ended"
    if status < 0:
        known = {int(signal.SIGKILL): "killed, perhaps for its memory", int(signal.SIGXCPU): "CPU time used up"}
        return known.get(-status, f"signal {-status}")
    return "out of memory" if status == 137 else f"status {status}"
