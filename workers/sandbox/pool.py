"""The engines of the cpu queue: confined processes, forked from one fork server.

Each chunk that parses user input gets its own process, which ends with it. Chunks that parse none, the plan of a plain
text and the stitch of our own parts, may run one after the other in a process that is reused for their tenant. Decides
which chunk runs where; the processes are in fork_server.py, their restrictions in confinement.py.
"""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from jobs.worker import WorkerInfo
from pipelines.catalog.features import installed_features
from workers.engines.channel import ChannelClosed
from workers.engines.engine import EngineDied, StepRequest
from workers.engines.messages import Command, Lane, RunStep, StepDone, StepEvent
from workers.engines.protocol import ProtocolViolation, decode_event, encode_command

from .confinement import ResourceLimits
from .fork_server_client import ForkServerClient, Sandbox

_log = structlog.get_logger(__name__)

#: Seconds before a fork server that ended is replaced.
_RESTART_PAUSE_S = 0.5
#: Runs after which a reusable process is replaced all the same.
_MOST_RUNS = 200
#: A run's working directory within the directory of a reusable process, and what else may lie there.
_WORKDIR, _STDERR = "work", "stderr.txt"


class SandboxRun:
    """`engine.ChunkRun` in a confined process."""

    def __init__(self, sandbox: Sandbox, stall_s: float) -> None:
        self.stall_s = stall_s
        self.is_done = False
        self._sandbox = sandbox

    def next_event(self, timeout_s: float) -> StepEvent:
        try:
            event = decode_event(self._sandbox.channel.receive(timeout_s))
        except ChannelClosed:
            raise self._sandbox.exit_error() from None
        if not isinstance(event, StepEvent):
            raise ProtocolViolation("a sandbox sent an event of an engine")
        self.is_done = self.is_done or isinstance(event, StepDone)
        return event

    def send(self, command: Command) -> None:
        try:
            self._sandbox.channel.send(encode_command(command))
        except ChannelClosed:
            return  # its last events may still be unread: `next_event` returns those, and raises after them

    def kill(self) -> None:
        self._sandbox.kill()


class SandboxPool:
    """`engine.Engines` of the cpu queue. The worker's slots decide how many run at once."""

    def __init__(
        self,
        limits: ResourceLimits,
        *,
        stall_s: float,
        environment: Mapping[str, str],
        fork_server: str = "workers.sandbox.fork_server",
        most_idle: int = 4,
    ) -> None:
        """`most_idle`: idle processes at once. `fork_server`: the module to start; tests start one that misbehaves."""
        self._limits = limits
        self._module = fork_server
        self._stall_s = stall_s
        self._environment = environment
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._closing = False
        self._callback: Callable[[], None] | None = None
        self._most_idle = most_idle
        self._idle: list[_ReusableSandbox] = []
        self._features = installed_features()
        self._server = self._start()

    def wait_until_loaded(self, timeout_s: float) -> bool:
        """Whether the fork server reported within the time that it is ready to fork, or why it never will be."""
        return self._server.settled.wait(timeout_s)

    def failures(self) -> list[str]:
        """Why there is no sandbox on this machine."""
        return [self._server.start_error] if self._server.start_error is not None else []

    def is_warm(self) -> bool:
        return self._server.ready.is_set()

    @contextmanager
    def start_run(self, request: StepRequest, directory: Path, *, lane: Lane, solo: bool) -> Iterator[SandboxRun]:
        """A process that has imported `request.imports` is not reused, and neither is one without `shared_by`."""
        tenant = None if solo or request.imports else request.shared_by
        if tenant is None:
            starting = self._run_in_own_process(directory, request.imports)
        else:
            starting = self._run_in_reused_process(directory, tenant)
        with starting as (run, where):
            run.send(RunStep(request.step, request.model, where, lane))
            yield run

    @contextmanager
    def _run_in_own_process(self, directory: Path, imports: Sequence[str]) -> Iterator[tuple[SandboxRun, str]]:
        sandbox = self._server.fork(next(self._numbers), directory, self._limits, reusable=False, imports=imports)
        try:
            yield SandboxRun(sandbox, self._stall_s), "."
        finally:
            sandbox.close()

    @contextmanager
    def _run_in_reused_process(self, directory: Path, tenant: str) -> Iterator[tuple[SandboxRun, str]]:
        process = self._take_idle(tenant) or self._fork_reusable(tenant, directory.parent.parent)
        run = SandboxRun(process.sandbox, self._stall_s)
        try:
            with process.hold_workdir(directory):
                yield run, _WORKDIR
        finally:
            # Anything but an orderly end, even that we stopped waiting, is the end of this process.
            if run.is_done and process.can_be_reused():
                self._put_idle(process)
            else:
                process.close()

    def _fork_reusable(self, tenant: str, root: Path) -> _ReusableSandbox:
        number = next(self._numbers)
        process_dir = root / f"reused-{number}"
        process_dir.mkdir(mode=0o700)
        return _ReusableSandbox(self._server.fork(number, process_dir, self._limits, reusable=True), tenant)

    def _take_idle(self, tenant: str) -> _ReusableSandbox | None:
        with self._lock:
            ended = [process for process in self._idle if not process.is_usable()]
            self._idle = [process for process in self._idle if process not in ended]
            found = next((process for process in self._idle if process.tenant == tenant), None)
            if found is not None:
                self._idle.remove(found)
        for process in ended:
            process.close()
        return found

    def _put_idle(self, process: _ReusableSandbox) -> None:
        with self._lock:
            # The one used last is the first to be used again; the least recently used one makes room.
            self._idle.insert(0, process)
            surplus = [] if self._closing else self._idle[self._most_idle :]
            self._idle = [] if self._closing else self._idle[: self._most_idle]
        for each in surplus:
            each.close()

    def call_when_warm(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    def _start(self) -> ForkServerClient:
        return ForkServerClient(
            self._module, self._environment, when_ready=self._became_warm, when_gone=self._restart_server
        )

    def _became_warm(self) -> None:
        if self._callback is not None:
            self._callback()

    def _restart_server(self) -> None:
        """The fork server ended: start another, in the thread that read its events."""
        with self._lock:
            if not self._closing and self._server.start_error is None:
                _log.error("fork_server_died")
                time.sleep(_RESTART_PAUSE_S)
                self._server = self._start()

    def describe(self) -> WorkerInfo:
        return WorkerInfo(
            restrictions=list(self._server.restrictions),
            features=self._features,
            engine_rss_bytes=[self._server.rss_bytes()],
        )

    def close(self) -> None:
        with self._lock:
            self._closing = True
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()
        self._server.close()


class _ReusableSandbox:
    """A process that runs chunks of one tenant which parse no user input, one after the other.

    It sees one directory, its own. A run's working directory is moved in there for the time of the run.
    """

    def __init__(self, sandbox: Sandbox, tenant: str) -> None:
        self.sandbox = sandbox
        self.tenant = tenant
        self._runs = 0

    @contextmanager
    def hold_workdir(self, workdir: Path) -> Iterator[None]:
        """Move the working directory into the process's, and back. Raises EngineDied, not caused by the chunk."""
        inside = self.sandbox.directory / _WORKDIR
        # The process may be another user; its directory keeps all others out.
        workdir.chmod(0o777)
        try:
            workdir.rename(inside)
        except OSError as error:
            raise EngineDied("The sandbox was not empty.", alone=True, caused_by_chunk=False) from error
        try:
            yield
        finally:
            # What is gone, or no directory any more, is noticed when files are taken from it.
            with suppress(OSError):
                inside.rename(workdir)
            if self.sandbox.is_over.is_set() and workdir.is_dir() and not workdir.is_symlink():
                with suppress(OSError):
                    (self.sandbox.directory / _STDERR).rename(workdir / _STDERR)

    def is_usable(self) -> bool:
        """Whether it still runs and its directory exists."""
        return not self.sandbox.is_over.is_set() and self.sandbox.directory.is_dir()

    def can_be_reused(self) -> bool:
        """Whether it is below its number of runs, idle, and left no files behind."""
        self._runs += 1
        if self._runs >= _MOST_RUNS or not self.sandbox.is_idle():
            return False
        try:
            return {path.name for path in self.sandbox.directory.iterdir()} <= {_STDERR}
        except OSError:
            return False

    def close(self) -> None:
        """End it and remove its directory."""
        self.sandbox.close()
        shutil.rmtree(self.sandbox.directory, ignore_errors=True)
