"""`voicemill models`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.connection import connected
from framework.cli.output import AsJson, errors_shown, show_json, show_table


def models(
    everything: Annotated[bool, typer.Option("--all", help="Also those that no worker has.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the models that are ready; with --all what else could be installed, and how."""
    with errors_shown(as_json):
        with connected() as client:
            known = client.models()
        if as_json:
            show_json({"data": known})
            return
        shown = [model for model in known if everything or model.get("state") != "absent"]
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
