"""`voicemill worker`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.server_modules import build_arguments, exec_server_module


def worker(
    family: Annotated[str, typer.Option(help="Model family to serve, or `cpu` for planning and stitching.")],
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 …")] = None,
    engines: Annotated[
        int | None, typer.Option(min=1, help="Engine processes; unset = cores ÷ cores per engine of the family.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="Model to load at the start; repeatable.")] = None,
) -> None:
    """Start one worker; configured by the server's environment (VOICEMILL_*)."""
    exec_server_module(
        "workers.controller", build_arguments(family=family, device=device, engines=engines, model=model)
    )
