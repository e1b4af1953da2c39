"""`voicemill worker`."""

from __future__ import annotations

from pathlib import Path
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
    data_dir: Annotated[
        Path | None, typer.Option(help="Data directory; unset = VOICEMILL_DATA_DIR or ~/.local/share/voicemill.")
    ] = None,
) -> None:
    """Start one worker; configured by the server's environment (VOICEMILL_*).

    Beside a `voicemill up` of this machine it finds the broker in the data directory.
    """
    directory = data_dir and data_dir.expanduser().absolute()
    exec_server_module(
        "workers.controller",
        build_arguments(family=family, device=device, engines=engines, model=model, data_dir=directory),
    )
