"""Waits for several jobs at once and saves each result as soon as it exists; Ctrl-C keeps or cancels the rest."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from .output import EXIT_FAILED, error_json, exit_code, show_error, show_message
from .progress import ProgressDisplay

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.errors import VoicemillError
    from framework.client.job import Job

#: Event streams that are open at once; further jobs run at the server all the same, they are only watched later.
_MAX_WATCHED = 8

SaveResult = Callable[["Job"], Sequence[Path]]


@dataclass(slots=True)
class Outcome:
    """One input of a command: its job, the files that were saved, or the error."""

    name: str
    job: Job | None = None
    saved: Sequence[Path] = ()
    error: VoicemillError | None = None

    def as_json(self) -> dict[str, Any]:
        """The outcome in the output of `--json`."""
        document: dict[str, Any] = {
            "job": self.job.raw if self.job else None,
            "saved": [str(path) for path in self.saved],
        }
        return document if self.error is None else {**document, "error": error_json(self.error)}


@dataclass(slots=True)
class JobMonitor:
    """Watches jobs in threads of its own while the caller uploads more."""

    client: Client
    display: ProgressDisplay
    outcomes: list[Outcome] = field(default_factory=list)
    _waiting: queue.SimpleQueue[tuple[Outcome, SaveResult]] = field(default_factory=queue.SimpleQueue)
    _done: queue.SimpleQueue[Outcome] = field(default_factory=queue.SimpleQueue)
    _threads: list[threading.Thread] = field(default_factory=list)
    _unfinished: int = 0

    def add(self, name: str, job: Job, save: SaveResult) -> None:
        """Watch one more job; `save` is called once it has succeeded and returns the files that it wrote."""
        outcome = Outcome(name, job)
        self.outcomes.append(outcome)
        self._unfinished += 1
        self.display.update_job(name, job)
        self._waiting.put((outcome, save))
        if len(self._threads) < _MAX_WATCHED:
            thread = threading.Thread(target=self._watch, daemon=True)
            self._threads.append(thread)
            thread.start()

    def add_rejected(self, name: str, error: VoicemillError) -> None:
        """Record an input that the server rejected."""
        self.outcomes.append(Outcome(name, error=error))

    def join(self) -> list[Outcome]:
        """Wait for all jobs. Errors of jobs are in the outcomes; only bugs are raised."""
        while self._unfinished:
            try:
                # A wait without limit would not notice Ctrl-C on every platform.
                outcome = self._done.get(timeout=0.5)
            except queue.Empty:
                continue
            self._unfinished -= 1
            assert outcome.error or (outcome.job and outcome.job.is_finished), "a watching thread died"
        return self.outcomes

    def _watch(self) -> None:
        from framework.client.errors import VoicemillError

        while True:
            outcome, save = self._waiting.get()
            on_progress = partial(self.display.update_job, outcome.name)
            try:
                assert outcome.job is not None
                outcome.job = self.client.jobs.wait(outcome.job.id, on_progress=on_progress)
                outcome.saved = save(outcome.job)
            except VoicemillError as error:
                outcome.error = error
                outcome.job = getattr(error, "job", outcome.job)
            finally:
                self._done.put(outcome)

    def handle_interrupt(self) -> NoReturn:
        """After Ctrl-C: on a terminal offer to cancel the running jobs, else print how. Exits with 1."""
        running = [
            outcome.job
            for outcome in self.outcomes
            if outcome.job and not outcome.job.is_finished and not outcome.error
        ]
        if not running:
            raise typer.Exit(EXIT_FAILED)
        ids = " ".join(job.id for job in running)
        if _confirm(f"Cancel {'this job' if len(running) == 1 else f'these {len(running)} jobs'}?"):
            for job in running:
                self.client.jobs.cancel(job.id)
            show_message(f"Cancelled: {ids}")
        else:
            show_message(f"Still running: {ids}")
            show_message(
                f"  Wait again with `voicemill job {running[0].id} --wait`, stop with `voicemill cancel {ids}`."
            )
        raise typer.Exit(EXIT_FAILED)


def combined_exit_code(outcomes: Sequence[Outcome]) -> int:
    """The exit code for all outcomes: 1 if any failed, else 2 if any input was rejected, else 0."""
    codes = {exit_code(outcome.error) for outcome in outcomes if outcome.error is not None}
    return min(codes) if codes else 0


def show_problems(outcomes: Sequence[Outcome]) -> None:
    """The errors of the outcomes and the warnings of their results, on stderr."""
    for outcome in outcomes:
        if outcome.error is not None:
            show_error(outcome.error, about=outcome.name)
        result = outcome.job.result if outcome.job else None
        for warning in result.warnings if result else ():
            show_message(f"Warning: {outcome.name}: {warning}")


def _confirm(question: str) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        return typer.confirm(f"\n{question}", err=True)
    except typer.Abort:
        return False
