"""The engines of the cpu queue: confined processes, forked from one template.

What opens bytes of users has a process of its own, which ends with it. Chunks that open none, the plan of a plain text
and the stitch of our own parts, may come one after the other in a process that is kept for their tenant. Knows which
chunk runs where; the processes stand in sandbox_template.py, what the walls are in workers/sandbox/.
"""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog

from workers.engines.channel import ChannelClosed, Message
from workers.engines.engine import EngineDied

from .confinement import Limits
from .fork_server_client import Sandbox, Template

_log = structlog.get_logger(__name__)

#: Seconds before a template that ended is replaced.
_RESTART_PAUSE_S = 0.5
#: Chunks after which a kept process is replaced all the same.
_MOST_CHUNKS = 200
#: A chunk's directory within that of a process which is kept, and what else may lie there.
_BOX, _ERRORS = "box", "stderr.txt"


class SandboxRun:
    """`engine.Run` of a chunk in a confined process."""

    def __init__(self, sandbox: Sandbox, stall_s: float) -> None:
        self.stall_s = stall_s
        self.is_done = False
        self._sandbox = sandbox

    def next(self, timeout_s: float) -> Message:
        try:
            event = self._sandbox.channel.receive(timeout_s)
        except ChannelClosed:
            raise self._sandbox.obituary() from None
        self.is_done = self.is_done or event.get("event") == "done"
        return event

    def send(self, message: Message) -> None:
        try:
            self._sandbox.channel.send(message)
        except ChannelClosed:
            return  # its last words may still be unread: `next` gives those, and raises after them

    def kill(self) -> None:
        self._sandbox.kill()


class SandboxPool:
    """`engine.Engines` of the cpu queue. How many run at once is decided by who claims."""

    def __init__(
        self,
        limits: Limits,
        *,
        stall_s: float,
        environment: Mapping[str, str],
        template: str = "workers.sandbox.fork_server",
        most_kept: int = 4,
    ) -> None:
        """`most_kept`: idle processes at once. `template`: the module to start; tests start one that misbehaves."""
        self._limits = limits
        self._module = template
        self._stall_s = stall_s
        self._environment = environment
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._closing = False
        self._callback: Callable[[], None] | None = None
        self._most_kept = most_kept
        self._idle: list[_Kept] = []
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
        """`message["shared_by"]`: the tenant of a chunk that opens no user bytes; absent = a process of its own.

        `message["imports"]`: modules that few chunks want; a process that has them is not kept.
        """
        imports = message.get("imports", ())
        sharer = None if solo or imports else message.get("shared_by")
        running = self._alone(directory, imports) if sharer is None else self._in_company(directory, sharer)
        with running as (run, where):
            run.send({**message, "op": "run", "directory": where})
            yield run

    @contextmanager
    def _alone(self, directory: Path, imports: Sequence[str]) -> Iterator[tuple[SandboxRun, str]]:
        sandbox = self._template.fork(next(self._numbers), directory, self._limits, keep=False, imports=imports)
        try:
            yield SandboxRun(sandbox, self._stall_s), "."
        finally:
            sandbox.close()

    @contextmanager
    def _in_company(self, directory: Path, sharer: str) -> Iterator[tuple[SandboxRun, str]]:
        kept = self._take(sharer) or self._keep(sharer, directory.parent.parent)
        run = SandboxRun(kept.sandbox, self._stall_s)
        try:
            with kept.holding(directory):
                yield run, _BOX
        finally:
            # Whatever was not right, even that we lost interest, is the end of this process.
            if run.is_done and kept.may_go_on():
                self._give_back(kept)
            else:
                kept.close()

    def _keep(self, sharer: str, root: Path) -> _Kept:
        number = next(self._numbers)
        home = root / f"kept-{number}"
        home.mkdir(mode=0o700)
        return _Kept(self._template.fork(number, home, self._limits, keep=True), sharer)

    def _take(self, sharer: str) -> _Kept | None:
        with self._lock:
            over = [kept for kept in self._idle if not kept.is_usable()]
            self._idle = [kept for kept in self._idle if kept not in over]
            found = next((kept for kept in self._idle if kept.sharer == sharer), None)
            if found is not None:
                self._idle.remove(found)
        for kept in over:
            kept.close()
        return found

    def _give_back(self, kept: _Kept) -> None:
        with self._lock:
            # The one used last is the first to be used again; the one that waits longest makes room.
            self._idle.insert(0, kept)
            spare = [] if self._closing else self._idle[self._most_kept :]
            self._idle = [] if self._closing else self._idle[: self._most_kept]
        for each in spare:
            each.close()

    def call_when_warm(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    def _start(self) -> Template:
        return Template(self._module, self._environment, when_ready=self._became_warm, when_gone=self._replace)

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
            idle, self._idle = self._idle, []
        for kept in idle:
            kept.close()
        self._template.close()


class _Kept:
    """A process that runs chunks of one tenant which open no user bytes, one after the other.

    It sees one directory, its home. A chunk's box is moved in there for as long as the chunk runs, and out again.
    """

    def __init__(self, sandbox: Sandbox, sharer: str) -> None:
        self.sandbox = sandbox
        self.sharer = sharer
        self._chunks = 0

    @contextmanager
    def holding(self, box: Path) -> Iterator[None]:
        """Have the box in the home meanwhile. Raises EngineDied, blaming nobody, where it does not get in."""
        inside = self.sandbox.directory / _BOX
        # The process may be another user; nobody else comes through its home.
        box.chmod(0o777)
        try:
            box.rename(inside)
        except OSError as error:
            raise EngineDied("The sandbox was not empty.", alone=True, to_blame=False) from error
        try:
            yield
        finally:
            # What is gone, or no directory any more, is noticed when files are taken from it.
            with suppress(OSError):
                inside.rename(box)
            if self.sandbox.is_over.is_set() and box.is_dir() and not box.is_symlink():
                with suppress(OSError):
                    (self.sandbox.directory / _ERRORS).rename(box / _ERRORS)

    def is_usable(self) -> bool:
        """Whether it and its home are still there."""
        return not self.sandbox.is_over.is_set() and self.sandbox.directory.is_dir()

    def may_go_on(self) -> bool:
        """Whether it has chunks left in it, waits for the next, and left nothing lying about."""
        self._chunks += 1
        if self._chunks >= _MOST_CHUNKS or not self.sandbox.waits_for_more():
            return False
        try:
            return {path.name for path in self.sandbox.directory.iterdir()} <= {_ERRORS}
        except OSError:
            return False

    def close(self) -> None:
        """End it, and with it its home."""
        self.sandbox.close()
        shutil.rmtree(self.sandbox.directory, ignore_errors=True)
