"""Several jobs waited for at once, each saved as soon as it is done; Ctrl-C leaves them running or cancels them."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .output import FAILED, error_json, exit_code, say, show_error
from .progress import Bars, Lines

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.errors import VoicemillError
    from framework.client.job import Job

#: Event streams held open at once; further jobs wait their turn to be watched, not to be done.
_WATCHED_AT_ONCE = 8

Save = Callable[["Job"], Sequence[Path]]


@dataclass(slots=True)
class Outcome:
    """What became of one input."""

    name: str
    job: Job | None = None
    saved: Sequence[Path] = ()
    error: VoicemillError | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        told: dict[str, Any] = {"job": self.job.raw if self.job else None, "saved": [str(path) for path in self.saved]}
        return told if self.error is None else {**told, "error": error_json(self.error)}


@dataclass(slots=True)
class Following:
    """Watches jobs from threads of its own while the caller uploads more."""

    client: Client
    news: Bars | Lines
    outcomes: list[Outcome] = field(default_factory=list)
    _waiting: queue.SimpleQueue[tuple[Outcome, Save]] = field(default_factory=queue.SimpleQueue)
    _done: queue.SimpleQueue[Outcome] = field(default_factory=queue.SimpleQueue)
    _threads: list[threading.Thread] = field(default_factory=list)
    _open: int = 0

    def add(self, name: str, job: Job, save: Save) -> None:
        """Watch this job too; `save` is called once it has succeeded."""
        outcome = Outcome(name, job)
        self.outcomes.append(outcome)
        self._open += 1
        self.news.job(name, job)
        self._waiting.put((outcome, save))
        if len(self._threads) < _WATCHED_AT_ONCE:
            thread = threading.Thread(target=self._watch, daemon=True)
            self._threads.append(thread)
            thread.start()

    def refused(self, name: str, error: VoicemillError) -> None:
        """An input that never became a job."""
        self.outcomes.append(Outcome(name, error=error))

    def join(self) -> list[Outcome]:
        """Wait for all of them. What went wrong is in the outcomes; only bugs are raised."""
        while self._open:
            try:
                # A wait without limit would not notice Ctrl-C on every platform.
                outcome = self._done.get(timeout=0.5)
            except queue.Empty:
                continue
            self._open -= 1
            assert outcome.error or (outcome.job and outcome.job.is_finished), "a watching thread died"
        return self.outcomes

    def _watch(self) -> None:
        from framework.client.errors import VoicemillError

        while True:
            outcome, save = self._waiting.get()
            try:
                assert outcome.job is not None
                outcome.job = self.client.jobs.wait(outcome.job.id, on_progress=partial(self.news.job, outcome.name))
                outcome.saved = save(outcome.job)
            except VoicemillError as error:
                outcome.error = error
                outcome.job = getattr(error, "job", outcome.job)
            finally:
                self._done.put(outcome)

    def interrupted(self) -> None:
        """After Ctrl-C: offer to cancel what still runs, or say how. Exits with 1."""
        running = [
            outcome.job
            for outcome in self.outcomes
            if outcome.job and not outcome.job.is_finished and not outcome.error
        ]
        if not running:
            raise typer.Exit(FAILED)
        ids = " ".join(job.id for job in running)
        if _asked(f"Cancel {'this job' if len(running) == 1 else f'these {len(running)} jobs'}?"):
            for job in running:
                self.client.jobs.cancel(job.id)
            say(f"Cancelled: {ids}")
        else:
            say(f"Still running: {ids}")
            say(f"  See it again with `voicemill job {running[0].id} --wait`, end it with `voicemill cancel {ids}`.")
        raise typer.Exit(FAILED)


def worst(outcomes: Sequence[Outcome]) -> int:
    """The exit code of them all: 1 before 2 before 0."""
    codes = {exit_code(outcome.error) for outcome in outcomes if outcome.error is not None}
    return min(codes) if codes else 0


def show_troubles(outcomes: Sequence[Outcome]) -> None:
    """What went wrong, and what the server warns of, on stderr."""
    for outcome in outcomes:
        if outcome.error is not None:
            show_error(outcome.error, about=outcome.name)
        result = outcome.job.result if outcome.job else None
        for warning in result.warnings if result else ():
            say(f"Warning: {outcome.name}: {warning}")


def _asked(question: str) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        return typer.confirm(f"\n{question}", err=True)
    except typer.Abort:
        return False
