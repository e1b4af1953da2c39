"""`voicemill jobs`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.connection import DataDir, connect
from framework.cli.output import AsJson, exit_on_error, parse_pairs, show_json, show_table


def jobs(
    *,
    state: Annotated[str | None, typer.Option(help="accepted, planning, running, stitching, succeeded …")] = None,
    kind: Annotated[str | None, typer.Option(help="tts.synthesize or stt.transcribe.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="key=value; repeatable.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of jobs, newest first.")] = 20,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    with exit_on_error(as_json):
        from framework.cli.progress import describe_stage, format_progress
        from framework.client.job import Job

        found: list[Job] = []
        after = None
        with connect(data_dir) as client:
            while len(found) < limit:
                page = client.jobs.list(
                    state=state,
                    kind=kind,
                    labels=parse_pairs("--label", label or ()),
                    limit=min(100, limit - len(found)),
                    after=after,
                )
                found += page.data
                after = page.next
                if after is None:
                    break
        if as_json:
            show_json({"data": [job.raw for job in found], "next": after})
            return
        show_table(
            ["ID", "KIND", "MODEL", "STATE", "DONE", "CREATED", "NAME"],
            [
                (
                    job.id,
                    job.kind,
                    job.model,
                    describe_stage(job),
                    format_progress(job),
                    job.created_at and job.created_at.isoformat(" ", "seconds"),
                    job.name,
                )
                for job in found
            ],
        )
