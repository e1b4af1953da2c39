"""`voicemill retry`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.connection import connected
from framework.cli.output import AsJson, errors_shown, show_json


def retry(
    job_id: Annotated[str, typer.Argument(metavar="ID")],
    as_json: AsJson = False,
) -> None:
    """Do a failed, cancelled or expired job again, as a new job that keeps what was finished. Prints the new id."""
    with errors_shown(as_json):
        with connected() as client:
            job = client.jobs.retry(job_id)
        show_json({"job": job.raw}) if as_json else typer.echo(job.id)
