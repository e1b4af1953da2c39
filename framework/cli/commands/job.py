"""`voicemill job`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from framework.cli.connection import connected
from framework.cli.output import AsJson, errors_shown, say, show_json, show_table

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.job import Job


def job(
    job_id: Annotated[str, typer.Argument(metavar="ID")],
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it ends.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Save the result here.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Remove it with its input and results.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one job; wait for it, save its result, or delete it."""
    with errors_shown(as_json), connected() as client:
        if delete:
            _delete(client, job_id, yes, as_json)
        elif wait:
            _wait(client, job_id, output, as_json)
        else:
            shown = client.jobs.get(job_id)
            _show(shown, _save(client, shown, output), as_json)


def _delete(client: Client, job_id: str, yes: bool, as_json: bool) -> None:
    if not yes and not typer.confirm(f"Delete {job_id} with its input and results?", err=True):
        raise typer.Exit(1)
    client.jobs.delete(job_id)
    show_json({"deleted": job_id}) if as_json else say(f"Deleted: {job_id}")


def _wait(client: Client, job_id: str, output: Path | None, as_json: bool) -> None:
    from framework.cli import progress as bars
    from framework.cli.job_monitor import Following, show_troubles, worst

    news = bars.choose(as_json=as_json)
    following = Following(client, news)
    try:
        with news:
            following.add(job_id, client.jobs.get(job_id), lambda ended: _save(client, ended, output))
            [outcome] = following.join()
    except KeyboardInterrupt:
        following.interrupted()
    if as_json:
        show_json(outcome.as_json())
    else:
        if outcome.job:
            _show(outcome.job, outcome.saved, as_json=False)
        show_troubles([outcome])
    raise typer.Exit(worst([outcome]))


def _save(client: Client, ended: Job, output: Path | None) -> Sequence[Path]:
    if output is None:
        return []
    from framework.client.errors import BadArgument

    if ended.result is None:
        raise BadArgument(f"{ended.id} is {ended.state}: it has no files.")
    if output.exists() and not output.is_dir():
        raise BadArgument(f"-o {output}: this is a file; name a directory.")
    return [client.jobs.download(ended, file.name, output / Path(file.name).name) for file in ended.result.files]


def _show(shown: Job, saved: Sequence[Path], as_json: bool) -> None:
    from framework.cli.progress import amount, done_of_total, duration, stage_of

    if as_json:
        show_json({"job": shown.raw, "saved": [str(path) for path in saved]})
        return
    progress = shown.progress
    rows: list[tuple[str, object]] = [
        ("id", shown.id),
        ("kind", shown.kind),
        ("model", shown.model),
        ("state", shown.state),
        ("stage", None if shown.is_finished else stage_of(shown)),
        ("done", done_of_total(shown)),
        ("left", None if progress.eta_s is None or shown.is_finished else amount(progress.eta_s, "seconds")),
        ("created", shown.created_at),
        ("started", shown.started_at),
        ("finished", shown.finished_at),
        ("parent", shown.parent_id),
        ("labels", " ".join(f"{key}={value}" for key, value in shown.labels.items())),
    ]
    if shown.error:
        rows += [("error", shown.error.get("code")), ("reason", shown.error.get("detail"))]
    if shown.result:
        result = shown.result
        rows += [("audio", duration(result.duration_s)), ("took", duration(result.processing_s))]
        rows += [("file", f"{file.name} ({file.bytes:,} bytes)") for file in result.files]
        rows += [("warning", warning) for warning in result.warnings]
    rows += [("saved", path) for path in saved]
    show_table(["FIELD", "VALUE"], [row for row in rows if row[1] not in (None, "")])
