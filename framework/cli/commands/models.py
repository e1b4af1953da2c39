"""`voicemill models`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.connection import DataDir, connect
from framework.cli.output import AsJson, exit_on_error, show_json, show_table


def models(
    include_absent: Annotated[bool, typer.Option("--all", help="Also those that no worker serves.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the models that are ready; with --all also those that can be installed, and how."""
    with exit_on_error(as_json):
        with connect(data_dir) as client:
            found = client.models()
        if as_json:
            show_json({"data": found})
            return
        shown = [model for model in found if include_absent or model.get("state") != "absent"]
        show_table(
            ["NAME", "KIND", "FAMILY", "STATE", "LANGUAGES", "WORKERS", "INSTALL"],
            [
                (
                    model.get("name"),
                    model.get("kind"),
                    model.get("family"),
                    model.get("state"),
                    " ".join(model.get("languages") or ()),
                    model.get("workers"),
                    model.get("install"),
                )
                for model in shown
            ],
        )
