"""Waiting until all services of the stack are ready, as long as any of them makes progress.

Knows the missing condition of each service, the processor time of its processes and how often it has ended; knows
nothing of ports, databases or models: each service comes with a check that tells which condition is missing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

import psutil

from .supervisor import Supervisor

#: The missing condition of a service, as the end of a sentence that begins with its name; empty once it is ready.
Check = Callable[[], str]

#: Seconds without any progress after which the wait ends. On a machine under heavy load a service that starts still
#: gets a few per cent of a processor; one that hangs uses less than `_BUSY_SHARE`.
IDLE_S = 60.0
_BUSY_SHARE = 1 / 60
#: Seconds that optional services are waited for once all others are ready.
OPTIONAL_S = 60.0
#: A service that has ended so often before it was ready does not become ready.
MOST_EXITS = 5
#: Seconds between two lines that name what is waited for.
REPORT_EVERY_S = 10.0
_POLL_EVERY_S = 0.1
#: Seconds between two measurements of the processes: each walks through those of the whole machine.
_MEASURE_EVERY_S = 0.5


class StackStart:
    """One start of supervised services."""

    def __init__(
        self,
        supervisor: Supervisor,
        checks: Mapping[str, Check],
        *,
        print_line: Callable[[str], None],
        optional: Collection[str] = (),
        last: tuple[str, Check] | None = None,
        idle_s: float = IDLE_S,
        optional_s: float = OPTIONAL_S,
        report_every_s: float = REPORT_EVERY_S,
    ) -> None:
        """`checks`: by service name. `optional`: services without which the stack may be announced. `last`: one more
        check of a service, made when nothing else is missing any more."""
        self._supervisor = supervisor
        self._checks = checks
        self._last = last
        self._optional = frozenset(optional)
        self._print_line = print_line
        self._idle_s, self._optional_s, self._report_every_s = idle_s, optional_s, report_every_s
        self._idle_timer = IdleTimer(least_s=idle_s * _BUSY_SHARE)
        #: Since when nothing but optional services is missing.
        self._only_optional_since: float | None = None
        #: The missing conditions, by service name.
        self.missing: dict[str, str] = {}
        #: Why the wait was ended; empty if it was not.
        self.reason = ""

    def wait(self, stop: threading.Event) -> bool:
        """True when all required services are ready. False: `stop` was set, or the wait was ended for `reason`."""
        reported_at = time.monotonic()
        while not stop.wait(_POLL_EVERY_S):
            self._supervisor.watch()
            if self._is_ready():
                return True
            self.reason = self._find_reason_to_end()
            if self.reason:
                return False
            if time.monotonic() - reported_at >= self._report_every_s:
                reported_at = time.monotonic()
                self._print_line("waiting: " + "; ".join(f"{name} {what}" for name, what in self.missing.items()))
        return False

    def report(self) -> str:
        """For each service that is not ready: its missing condition, whether it runs, the end of its log."""
        refused = self._supervisor.refused()
        names = refused or list(dict.fromkeys([*self.missing, *self._supervisor.down()]))
        parts = [f"not everything could be started: {self.reason}"]
        for name in names:
            what = self.missing.get(name, "is not running")
            log_tail = self._supervisor.log_tail(name)
            log = f"the end of its log {self._supervisor.log(name)}:\n{log_tail}"
            if not log_tail:
                log = f"its log is empty: {self._supervisor.log(name)}"
            parts.append(f"--- {name} {what}; {self._supervisor.state(name)}; {log}")
        return "\n".join(parts)

    def _is_ready(self) -> bool:
        self.missing = {name: what for name, check in self._checks.items() if (what := check())}
        if not self.missing.keys() <= self._optional:
            self._only_optional_since = None
            return False
        now = time.monotonic()
        self._only_optional_since = self._only_optional_since or now
        if self._find_refused():
            return False
        # An optional one that refuses to start is not waited for: the others serve without it.
        awaited = self.missing.keys() - self._supervisor.refused()
        if awaited and now - self._only_optional_since < self._optional_s:
            return False
        if self._last is not None and (what := self._last[1]()):
            self.missing[self._last[0]] = what
            return False
        return True

    def _find_refused(self) -> list[str]:
        """Services that refuse to start and without which nothing is served: required ones, or all optional ones."""
        refused = self._supervisor.refused()
        if self._optional and self._optional.issubset(refused):
            return refused
        return [name for name in refused if name not in self._optional]

    def _find_reason_to_end(self) -> str:
        if refused := self._find_refused():
            return f"{', '.join(refused)} cannot start as asked"
        required = [name for name in self.missing if name not in self._optional]
        for name in required:
            if (exits := self._supervisor.exits(name)) >= MOST_EXITS:
                return f"{name} has ended {exits} times"
        idle_s = self._idle_timer.idle_s(self._supervisor.pids(required), missing=len(required))
        # The wait for optional services alone has a limit of its own.
        if not required or idle_s <= self._idle_s:
            return ""
        return f"what is still awaited has made no progress for {self._idle_s:g} s"


class IdleTimer:
    """How long processes have neither used the processor nor become ready."""

    def __init__(self, *, least_s: float) -> None:
        """`least_s`: seconds of processor time that count as progress; an idle process uses less."""
        self._least_s = least_s
        self._seen_s: dict[int, float] = {}
        self._used_s = 0.0
        self._missing = 0
        self._measured_at = float("-inf")
        self._at = time.monotonic()

    def idle_s(self, roots: Iterable[int], *, missing: int) -> float:
        """Seconds since the last progress of these processes and their descendants. To be called repeatedly.

        `missing`: how many services are not ready; a change is progress too.
        """
        now = time.monotonic()
        if now - self._measured_at >= _MEASURE_EVERY_S:
            self._measured_at = now
            self._used_s += self._measure_new_s(roots)
        if self._used_s >= self._least_s or missing != self._missing:
            self._used_s, self._missing, self._at = 0.0, missing, now
        return now - self._at

    def _measure_new_s(self, roots: Iterable[int]) -> float:
        """Processor seconds used since the last measurement."""
        used_s = {process.pid: seconds for root in roots for process, seconds in _measure_tree(root)}
        new_s = sum(max(0.0, seconds - self._seen_s.get(pid, 0.0)) for pid, seconds in used_s.items())
        self._seen_s = used_s
        return new_s


def _measure_tree(root: int) -> Iterable[tuple[psutil.Process, float]]:
    """A process and its descendants, each with the processor seconds that it has used."""
    try:
        head = psutil.Process(root)
        processes = [head, *head.children(recursive=True)]
    except psutil.Error:
        return
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.Error:  # it has ended meanwhile
            continue
        yield process, times.user + times.system
