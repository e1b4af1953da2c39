"""Progress of uploads and jobs on stderr: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .output import say

if TYPE_CHECKING:
    from framework.client.job import Job

_STAGES = {
    "waiting_for_worker": "waits for a worker",
    "plan": "planning",
    "work": "working",
    "stitch": "stitching",
}
#: Without a terminal a job says how far it is at each of these steps.
_LINE_EVERY = 0.1


def stage_of(job: Job) -> str:
    """What the job does right now, in words."""
    return job.state if job.is_finished else _STAGES.get(job.progress.stage, job.progress.stage or job.state)


def amount(value: float, unit: str | None) -> str:
    """Seconds as a clock time, all else as a count."""
    if unit == "bytes":
        return f"{value / 1e6:,.1f} MB"
    if unit != "seconds":
        return f"{value:,.0f}"
    minutes, seconds = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def duration(seconds: float) -> str:
    """`3.4 s`, or a clock time from a minute on."""
    return f"{seconds:.1f} s" if seconds < 60 else amount(seconds, "seconds")


def done_of_total(job: Job) -> str:
    """`12:05 of 1:30:00` or `4,000 of 81,234 characters`."""
    progress = job.progress
    if progress.total is None:
        return ""
    unit = "" if progress.unit == "seconds" else f" {progress.unit or ''}"
    return f"{amount(progress.done, progress.unit)} of {amount(progress.total, progress.unit)}{unit}".rstrip()


class Lines:
    """News as lines, for logs and pipes."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to put back."""

    def uploading(self, name: str, sent: int, total: int) -> None:
        """Uploads are quick or far away: not worth lines."""

    def job(self, name: str, job: Job) -> None:
        """Say it if the stage changed or a tenth more is done."""
        news = (stage_of(job), int(job.progress.fraction / _LINE_EVERY))
        with self._lock:
            if self._said.get(name) == news:
                return
            self._said[name] = news
        of_total = done_of_total(job)
        say(f"{name}: {news[0]}{f', {of_total}' if of_total else ''} ({job.id})")


class Bars:
    """News as bars, for people."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[stage]}", style="dim", markup=False),
            BarColumn(),
            TextColumn("{task.fields[amount]}", markup=False),
            TextColumn("{task.fields[eta]}", style="cyan", markup=False),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def uploading(self, name: str, sent: int, total: int) -> None:
        """Bytes on their way."""
        text = f"{amount(sent, 'bytes')} of {amount(total, 'bytes')}"
        self._show(name, stage="uploading", done=sent, total=total, amount=text, eta="")

    def job(self, name: str, job: Job) -> None:
        """How far the job is, as the server says."""
        progress = job.progress
        eta = "" if progress.eta_s is None or job.is_finished else f"{amount(progress.eta_s, 'seconds')} left"
        done, total = (1.0, 1.0) if job.is_successful else (progress.done, progress.total)
        self._show(name, stage=stage_of(job), done=done, total=total, amount=done_of_total(job), eta=eta)

    def _show(self, name: str, *, stage: str, done: float, total: float | None, amount: str, eta: str) -> None:
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(name, total=None, stage="", amount="", eta="")
        # A total of None lets the bar pulse.
        self._progress.update(
            self._tasks[name], completed=done, total=total or None, stage=stage, amount=amount, eta=eta
        )


class Silence(Lines):
    """No news, for programs."""

    def job(self, name: str, job: Job) -> None:
        """Nothing."""


def choose(*, as_json: bool) -> Bars | Lines:
    """Bars for a terminal (programs that ask for JSON may have one too), else lines for people, or nothing at all."""
    if sys.stderr.isatty():
        return Bars()
    return Silence() if as_json else Lines()
