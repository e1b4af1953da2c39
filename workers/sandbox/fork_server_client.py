"""The controller's side of the fork server, and of the confined processes that are forked from it.

Knows the fork server's messages and exit statuses; workers/sandbox/pool.py decides which chunk runs where.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from workers.child_process import kill_group, spawn
from workers.engines.channel import Channel, ChannelClosed
from workers.engines.engine import EngineDied
from workers.engines.messages import Idle
from workers.engines.protocol import ProtocolViolation, decode_event

from . import control_protocol
from .confinement import ResourceLimits
from .control_protocol import KillFork, ServerReady, ServerRefused, StartFork

#: Seconds for a fork that closed its channel to be reaped and reported.
_REAP_S = 5.0
#: Seconds for a fork to report that it is idle after a run.
_IDLE_S = 1.0


class Sandbox:
    """One confined process, from its fork to its end. Used by one thread at a time."""

    def __init__(self, number: int, channel: Channel, server: ForkServerClient, directory: Path) -> None:
        """`directory`: all of the file system that it sees, and its current directory."""
        self.number = number
        self.channel = channel
        self.directory = directory
        #: Set once it has ended, whoever ended it.
        self.is_over = threading.Event()
        self._server = server
        self._killed = False
        self._status: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def on_exit(self, status: int | None) -> None:
        """Called by the thread that reads the fork server; None when the fork server itself is gone."""
        self.is_over.set()
        self._status.put(status)

    def exit_error(self) -> EngineDied:
        """Why it ended; to be called once its channel is closed."""
        try:
            status = self._status.get(timeout=_REAP_S)
        except queue.Empty:
            self.kill()
            status = None
        # The forks end with their fork server: this chunk did not cause that.
        detail = f"The process that read the input ended: {_describe_exit(status)}."
        return EngineDied(detail, alone=True, caused_by_chunk=status is not None or self._killed)

    def is_idle(self) -> bool:
        """Whether it reports, after the end of a run, that it can do another."""
        try:
            return isinstance(decode_event(self.channel.receive(_IDLE_S)), Idle)
        except (ChannelClosed, TimeoutError, ProtocolViolation):
            return False

    def kill(self) -> None:
        """End it for what it did."""
        self._killed = True
        self._server.kill(self.number)

    def close(self) -> None:
        """End it; what it still does after the end of its run is of no interest."""
        self._server.kill(self.number)
        self.channel.close()
        self._server.remove(self)


class ForkServerClient:
    """One fork server process, as the controller sees it."""

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
        self.start_error: str | None = None
        self.restrictions: Sequence[str] = ()
        self._lock = threading.Lock()
        self._forks: dict[int, Sandbox] = {}
        with theirs:
            arguments = ["--fd", str(theirs.fileno()), "--parent", str(os.getpid())]
            self._process: subprocess.Popen[bytes] = spawn(
                module, arguments, env=environment, pass_fds=[theirs.fileno()]
            )
        self._reader = threading.Thread(target=self._read_events, name="fork-server-reader", daemon=True)
        self._reader.start()

    def fork(
        self, number: int, directory: Path, limits: ResourceLimits, *, reusable: bool, imports: Sequence[str] = ()
    ) -> Sandbox:
        """A process confined to this directory; `reusable`: for more than one run. Raises EngineDied.

        `imports`: modules that it needs and the fork server has not imported; once confined it could not import them.
        """
        ours, theirs = socket.socketpair()
        sandbox = Sandbox(number, Channel(ours), self, directory)
        command = StartFork(number, str(directory), limits, reusable, imports)
        with self._lock:
            self._forks[number] = sandbox
        with theirs:
            try:
                socket.send_fds(self._control, [control_protocol.encode_command(command)], [theirs.fileno()])
            except OSError as error:
                sandbox.close()
                raise EngineDied("The sandbox is being restarted.", alone=True, caused_by_chunk=False) from error
        return sandbox

    def kill(self, number: int) -> None:
        """End a fork, where it still runs."""
        try:
            self._control.send(control_protocol.encode_command(KillFork(number)))
        except OSError:
            return  # gone, and its forks with it

    def remove(self, fork: Sandbox) -> None:
        """Its end is of no interest any more."""
        with self._lock:
            self._forks.pop(fork.number, None)

    def rss_bytes(self) -> int:
        """Resident memory of the fork server alone."""
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def close(self) -> None:
        """End it; the thread that reads its events sees that, and ends too."""
        kill_group(self._process)
        self._reader.join(_REAP_S)

    def _read_events(self) -> None:
        while (event := self._next_event()) is not None:
            if isinstance(event, ServerReady):
                self.restrictions = event.restrictions
                self.ready.set()
                self.settled.set()
                self._when_ready()
            elif isinstance(event, ServerRefused):
                self.start_error = event.detail
                self.settled.set()
            elif (fork := self._forks.get(event.id)) is not None:
                fork.on_exit(event.status)
        self.ready.clear()
        kill_group(self._process)
        self._process.wait()
        self._control.close()
        with self._lock:
            for fork in self._forks.values():
                fork.on_exit(None)
        self._when_gone()

    def _next_event(self) -> control_protocol.Event | None:
        """None once the fork server is gone, or has sent what is no event."""
        try:
            data = self._control.recv(control_protocol.MAX_BYTES)
            return control_protocol.decode_event(data) if data else None
        except (OSError, ProtocolViolation):
            return None


def _describe_exit(status: int | None) -> str:
    if status is None:
        return "its fork server ended"
    if status < 0:
        known = {int(signal.SIGKILL): "killed, perhaps for its memory", int(signal.SIGXCPU): "CPU time used up"}
        return known.get(-status, f"signal {-status}")
    return "out of memory" if status == 137 else f"status {status}"
