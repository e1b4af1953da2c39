"""`voicemill cancel`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.connection import DataDir, connect
from framework.cli.output import AsJson, exit_on_error, show_json, show_table


def cancel(
    job_ids: Annotated[list[str], typer.Argument(metavar="ID…", show_default=False)],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Cancel jobs; what runs stops within seconds."""
    with exit_on_error(as_json):
        with connect(data_dir) as client:
            cancelled = [client.jobs.cancel(job_id) for job_id in job_ids]
        if as_json:
            show_json({"jobs": [job.raw for job in cancelled]})
        else:
            show_table(["ID", "STATE"], [(job.id, job.state) for job in cancelled])
