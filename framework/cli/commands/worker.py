"""`voicemill worker`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.server_modules import become, given


def worker(
    family: Annotated[str, typer.Option(help="Model family to serve, or `cpu` for planning and stitching.")],
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 …")] = None,
    engines: Annotated[
        int | None, typer.Option(min=1, help="Engine processes; else cores ÷ the family's need.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="Model to warm up at the start; repeatable.")] = None,
) -> None:
    """Start one worker; its settings are the server's environment (VOICEMILL_*)."""
    become("workers.controller", given(family=family, device=device, engines=engines, model=model))
