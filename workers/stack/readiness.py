"""Waiting until all services of the stack are ready, for as long as any of them gets on.

Knows what each service is waited for, the processor time of its processes and how often it has ended; knows nothing of
ports, databases or models: each service comes with a check that tells what is still awaited of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

import psutil

from .supervisor import Supervisor

#: What is still awaited of a service, as the end of a sentence that begins with its name; empty once it is ready.
Check = Callable[[], str]

#: Seconds without any progress after which the wait is given up. On a machine under heavy load a service that starts
#: still gets a few per cent of a processor; one that hangs uses less than `_BUSY_SHARE`.
IDLE_S = 60.0
_BUSY_SHARE = 1 / 60
#: Seconds that optional services are waited for once all others are ready.
OPTIONAL_S = 60.0
#: A service that has ended so often before it was ready does not become ready.
MOST_ENDS = 5
#: Seconds between two lines that say what is waited for.
NEWS_EVERY_S = 10.0
_LOOK_EVERY_S = 0.1
#: Seconds between two looks at the processes: each walks through those of the whole machine.
_MEASURE_EVERY_S = 0.5


class StackStart:
    """One start of supervised services."""

    def __init__(
        self,
        supervisor: Supervisor,
        checks: Mapping[str, Check],
        *,
        say: Callable[[str], None],
        optional: Collection[str] = (),
        last: tuple[str, Check] | None = None,
        idle_s: float = IDLE_S,
        optional_s: float = OPTIONAL_S,
        news_every_s: float = NEWS_EVERY_S,
    ) -> None:
        """`checks`: by service name. `optional`: services without which the stack may be announced. `last`: one more
        check of a service, made when nothing else is waited for any more."""
        self._supervisor = supervisor
        self._checks = checks
        self._last = last
        self._optional = frozenset(optional)
        self._say = say
        self._idle_s, self._optional_s, self._news_every_s = idle_s, optional_s, news_every_s
        self._progress = Progress(least_s=idle_s * _BUSY_SHARE)
        #: Since when nothing but optional services is waited for.
        self._settled_at: float | None = None
        #: What is waited for, by service name.
        self.awaited: dict[str, str] = {}
        #: Why the wait was given up; empty if it was not.
        self.reason = ""

    def wait(self, stop: threading.Event) -> bool:
        """True when everything is ready that has to be. False: `stop` was set, or the wait was given up."""
        told_at = time.monotonic()
        while not stop.wait(_LOOK_EVERY_S):
            self._supervisor.watch()
            if self._is_ready():
                return True
            self.reason = self._reason_to_give_up()
            if self.reason:
                return False
            if time.monotonic() - told_at >= self._news_every_s:
                told_at = time.monotonic()
                self._say("waiting: " + "; ".join(f"{name} {what}" for name, what in self.awaited.items()))
        return False

    def report(self) -> str:
        """For each service that is not ready: what was awaited of it, whether it runs, the end of its log."""
        refused = self._supervisor.refused()
        names = refused or list(dict.fromkeys([*self.awaited, *self._supervisor.down()]))
        parts = [f"not everything could be started: {self.reason}"]
        for name in names:
            what = self.awaited.get(name, "is not running")
            said = self._supervisor.last_words(name)
            log = f"the end of its log {self._supervisor.log(name)}:\n{said}"
            if not said:
                log = f"its log is empty: {self._supervisor.log(name)}"
            parts.append(f"--- {name} {what}; {self._supervisor.state(name)}; {log}")
        return "\n".join(parts)

    def _is_ready(self) -> bool:
        self.awaited = {name: what for name, check in self._checks.items() if (what := check())}
        if not self.awaited.keys() <= self._optional:
            self._settled_at = None
            return False
        now = time.monotonic()
        self._settled_at = self._settled_at or now
        if self.awaited and now - self._settled_at < self._optional_s:
            return False
        if self._last is not None and (what := self._last[1]()):
            self.awaited[self._last[0]] = what
            return False
        return True

    def _reason_to_give_up(self) -> str:
        if refused := self._supervisor.refused():
            return f"{', '.join(refused)} cannot start as asked"
        required = [name for name in self.awaited if name not in self._optional]
        for name in required:
            if (ends := self._supervisor.ends(name)) >= MOST_ENDS:
                return f"{name} has ended {ends} times"
        idle_s = self._progress.idle_s(self._supervisor.pids(required), awaited=len(required))
        # The wait for optional services alone has a limit of its own.
        if not required or idle_s <= self._idle_s:
            return ""
        return f"what is still awaited has made no progress for {self._idle_s:g} s"


class Progress:
    """How long processes have neither worked nor achieved anything."""

    def __init__(self, *, least_s: float) -> None:
        """`least_s`: seconds of processor time that count as work; less is what an idle process uses."""
        self._least_s = least_s
        self._seen_s: dict[int, float] = {}
        self._worked_s = 0.0
        self._awaited = 0
        self._measured_at = float("-inf")
        self._at = time.monotonic()

    def idle_s(self, roots: Iterable[int], *, awaited: int) -> float:
        """Seconds since the last progress of these processes and their descendants. To be asked again and again.

        `awaited`: how many services are not ready; a change is progress too.
        """
        now = time.monotonic()
        if now - self._measured_at >= _MEASURE_EVERY_S:
            self._measured_at = now
            self._worked_s += self._new_work_s(roots)
        if self._worked_s >= self._least_s or awaited != self._awaited:
            self._worked_s, self._awaited, self._at = 0.0, awaited, now
        return now - self._at

    def _new_work_s(self, roots: Iterable[int]) -> float:
        """Processor seconds used since the last look."""
        used_s = {process.pid: seconds for root in roots for process, seconds in _family(root)}
        new_s = sum(max(0.0, seconds - self._seen_s.get(pid, 0.0)) for pid, seconds in used_s.items())
        self._seen_s = used_s
        return new_s


def _family(root: int) -> Iterable[tuple[psutil.Process, float]]:
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
