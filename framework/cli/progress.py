"""Progress of uploads and jobs on stderr: bars on a terminal, otherwise a line now and then."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from .output import show_message

if TYPE_CHECKING:
    from framework.client.job import Job, MissingWorker

_STAGES = {
    "waiting_for_worker": "waits for a worker",
    "plan": "planning",
    "work": "working",
    "stitch": "stitching",
}
#: Without a terminal a line is printed each time that this share of the work is done.
_LINE_FRACTION = 0.1


def describe_stage(job: Job) -> str:
    """The stage that the job is in, or its final state. Of a job that waits: the workers that nobody runs."""
    if job.is_finished:
        return job.state
    progress = job.progress
    if progress.stage == "waiting_for_worker" and progress.missing_workers:
        return f"waits for a worker: {', '.join(map(_describe_missing, progress.missing_workers))}"
    if job.state == "accepted" and progress.stage == "plan":
        return "queued"
    return _STAGES.get(progress.stage, progress.stage or job.state)


def _describe_missing(worker: MissingWorker) -> str:
    model = f" for {worker.model}" if worker.model and worker.model != worker.family else ""
    return f"none of the family {worker.family}{model} runs"


def format_amount(value: float, unit: str | None) -> str:
    """Seconds as `1:02:03`, bytes in MB, everything else as a count."""
    if unit == "bytes":
        return f"{value / 1e6:,.1f} MB"
    if unit != "seconds":
        return f"{value:,.0f}"
    minutes, seconds = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def format_duration(seconds: float) -> str:
    """`3.4 s`, or `1:02` from a minute on."""
    return f"{seconds:.1f} s" if seconds < 60 else format_amount(seconds, "seconds")


def format_progress(job: Job) -> str:
    """`12:05 of 1:30:00` or `4,000 of 81,234 characters`; empty while the total is unknown."""
    progress = job.progress
    if progress.total is None:
        return ""
    unit = "" if progress.unit == "seconds" else f" {progress.unit or ''}"
    done, total = format_amount(progress.done, progress.unit), format_amount(progress.total, progress.unit)
    return f"{done} of {total}{unit}".rstrip()


class ProgressDisplay(Protocol):
    """Shows the progress of named inputs while it is entered. Threads may share it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update_upload(self, name: str, sent: int, total: int) -> None:
        """`sent` of `total` bytes are uploaded."""

    def update_job(self, name: str, job: Job) -> None:
        """Something about the job has changed."""


class ProgressLines:
    """Progress as lines, for logs and pipes."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Lines stay as they are."""

    def update_upload(self, name: str, sent: int, total: int) -> None:
        """See `ProgressDisplay`. Prints nothing."""

    def update_job(self, name: str, job: Job) -> None:
        """See `ProgressDisplay`. Prints a line if the stage has changed or another tenth is done."""
        current = (describe_stage(job), int(job.progress.fraction / _LINE_FRACTION))
        with self._lock:
            if self._shown.get(name) == current:
                return
            self._shown[name] = current
        amount = format_progress(job)
        show_message(f"{name}: {current[0]}{f', {amount}' if amount else ''} ({job.id})")


class ProgressBars:
    """Progress as bars, for terminals."""

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

    def update_upload(self, name: str, sent: int, total: int) -> None:
        """See `ProgressDisplay`."""
        amount = f"{format_amount(sent, 'bytes')} of {format_amount(total, 'bytes')}"
        self._show(name, stage="uploading", done=sent, total=total, amount=amount, eta="")

    def update_job(self, name: str, job: Job) -> None:
        """See `ProgressDisplay`."""
        progress = job.progress
        eta = "" if progress.eta_s is None or job.is_finished else f"{format_amount(progress.eta_s, 'seconds')} left"
        done, total = (1.0, 1.0) if job.is_successful else (progress.done, progress.total)
        self._show(name, stage=describe_stage(job), done=done, total=total, amount=format_progress(job), eta=eta)

    def _show(self, name: str, *, stage: str, done: float, total: float | None, amount: str, eta: str) -> None:
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(name, total=None, stage="", amount="", eta="")
        # A total of None shows a pulsing bar.
        self._progress.update(
            self._tasks[name], completed=done, total=total or None, stage=stage, amount=amount, eta=eta
        )


class NoProgress(ProgressLines):
    """Prints nothing, for programs."""

    def update_job(self, name: str, job: Job) -> None:
        """See `ProgressDisplay`."""


def choose_display(*, as_json: bool) -> ProgressDisplay:
    """Bars on a terminal, also with `--json`; otherwise lines, or nothing with `--json`."""
    if sys.stderr.isatty():
        return ProgressBars()
    return NoProgress() if as_json else ProgressLines()
