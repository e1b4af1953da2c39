"""`voicemill cancel`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.connection import connected
from framework.cli.output import AsJson, errors_shown, show_json, show_table


def cancel(
    job_ids: Annotated[list[str], typer.Argument(metavar="ID…", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Ask for the end of jobs; what runs stops within seconds."""
    with errors_shown(as_json):
        with connected() as client:
            asked = [client.jobs.cancel(job_id) for job_id in job_ids]
        if as_json:
            show_json({"jobs": [job.raw for job in asked]})
        else:
            show_table(["ID", "STATE"], [(job.id, job.state) for job in asked])
