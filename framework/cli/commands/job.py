"""`voicemill job`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from framework.cli.connection import DataDir, connect
from framework.cli.output import EXIT_FAILED, AsJson, exit_on_error, show_json, show_message, show_table
from framework.cli.output_files import Force, OutputFiles

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.job import Job


def job(
    job_id: Annotated[str, typer.Argument(metavar="ID")],
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it has finished.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Save the result files here.")
    ] = None,
    force: Force = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete it with its input and results.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show one job, wait for it, save its result, or delete it."""
    with exit_on_error(as_json), connect(data_dir) as client:
        if delete:
            _delete(client, job_id, yes, as_json)
        elif wait:
            _wait(client, job_id, output, force=force, as_json=as_json)
        else:
            found = client.jobs.get(job_id)
            _show(found, _save(client, found, output, force=force), as_json)


def _delete(client: Client, job_id: str, yes: bool, as_json: bool) -> None:
    if not yes and not typer.confirm(f"Delete {job_id} with its input and results?", err=True):
        raise typer.Exit(EXIT_FAILED)
    client.jobs.delete(job_id)
    show_json({"deleted": job_id}) if as_json else show_message(f"Deleted: {job_id}")


def _wait(client: Client, job_id: str, output: Path | None, *, force: bool, as_json: bool) -> None:
    from framework.cli.job_monitor import JobMonitor, combined_exit_code, show_problems
    from framework.cli.progress import choose_display

    display = choose_display(as_json=as_json)
    monitor = JobMonitor(client, display)
    try:
        with display:
            monitor.add(job_id, client.jobs.get(job_id), lambda finished: _save(client, finished, output, force=force))
            [outcome] = monitor.join()
    except KeyboardInterrupt:
        monitor.handle_interrupt()
    if as_json:
        show_json(outcome.as_json())
    else:
        if outcome.job:
            _show(outcome.job, outcome.saved, as_json=False)
        show_problems([outcome])
    raise typer.Exit(combined_exit_code([outcome]))


def _save(client: Client, finished: Job, output: Path | None, *, force: bool) -> Sequence[Path]:
    """All result files in the directory, or none where one of them must not be written. Raises BadArgument."""
    if output is None:
        return []
    from framework.client.errors import BadArgument

    if finished.result is None:
        raise BadArgument(f"{finished.id} is {finished.state}: it has no files.")
    if output.exists() and not output.is_dir():
        raise BadArgument(f"-o {output}: this is a file; name a directory.")
    # The names are the server's: no part of them may lead out of the directory.
    paths = {file.name: output / Path(file.name).name for file in finished.result.files}
    outputs = OutputFiles(force=force)
    outputs.reserve(list(paths.values()))
    return [outputs.save(client, finished, name, path) for name, path in paths.items()]


def _show(found: Job, saved: Sequence[Path], as_json: bool) -> None:
    from framework.cli.progress import describe_stage, format_amount, format_duration, format_progress

    if as_json:
        show_json({"job": found.raw, "saved": [str(path) for path in saved]})
        return
    progress = found.progress
    rows: list[tuple[str, object]] = [
        ("id", found.id),
        ("name", found.name),
        ("kind", found.kind),
        ("model", found.model),
        ("state", found.state),
        ("stage", None if found.is_finished else describe_stage(found)),
        *(("start one", f"voicemill worker --family {worker.family}") for worker in progress.missing_workers),
        ("done", format_progress(found)),
        ("left", None if progress.eta_s is None or found.is_finished else format_amount(progress.eta_s, "seconds")),
        ("created", found.created_at),
        ("started", found.started_at),
        ("finished", found.finished_at),
        ("parent", found.parent_id),
        ("labels", " ".join(f"{key}={value}" for key, value in found.labels.items())),
    ]
    if found.error:
        rows += [("error", found.error.get("code")), ("reason", found.error.get("detail"))]
    if found.result:
        result = found.result
        rows += [("audio", format_duration(result.duration_s)), ("took", format_duration(result.processing_s))]
        rows += [("file", f"{file.name} ({file.bytes:,} bytes)") for file in result.files]
        rows += [("warning", warning) for warning in result.warnings]
    rows += [("saved", path) for path in saved]
    show_table(["FIELD", "VALUE"], [row for row in rows if row[1] not in (None, "")])
