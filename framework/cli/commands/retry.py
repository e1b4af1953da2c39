"""`voicemill retry`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.connection import DataDir, connect
from framework.cli.output import AsJson, exit_on_error, show_json


def retry(
    job_id: Annotated[str, typer.Argument(metavar="ID")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Retry a failed, cancelled or expired job as a new job that reuses finished chunks. Prints the new id."""
    with exit_on_error(as_json):
        with connect(data_dir) as client:
            job = client.jobs.retry(job_id)
        show_json({"job": job.raw}) if as_json else typer.echo(job.id)
