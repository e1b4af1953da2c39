"""`voicemill voices`."""

from __future__ import annotations

from typing import Annotated

import typer

from .connect import connected
from .report import AsJson, errors_shown, show_json, show_table


def voices(
    language: Annotated[str | None, typer.Option(help="BCP 47 tag; `en` finds `en-GB` too.")] = None,
    family: Annotated[str | None, typer.Option(help="Model family.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the voices that can speak right now."""
    with errors_shown(as_json):
        with connected() as client:
            known = client.voices(language=language, family=family)
        if as_json:
            show_json({"data": known})
            return
        show_table(
            ["VOICE", "NAME", "LANGUAGE", "FAMILY", "GENDER"],
            [[voice.get(key) for key in ("id", "name", "language", "family", "gender")] for voice in known],
        )
