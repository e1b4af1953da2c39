"""`voicemill up`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from framework.cli.server_modules import build_arguments, exec_server_module


def up(
    data_dir: Annotated[
        Path | None, typer.Option(help="Data directory; unset = VOICEMILL_DATA_DIR or ~/.local/share/voicemill.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0 = a free one.")] = 8080,
    families: Annotated[str | None, typer.Option(help="Model families to serve: espeak,pocketsphinx,whisper.")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Model to load at the start; may be repeated.", metavar="NAME")
    ] = None,
) -> None:
    """Start the whole stack on this machine; stop it with Ctrl-C."""
    from framework.client.settings import data_dir as default_data_dir

    directory = (data_dir or default_data_dir()).expanduser().absolute()
    exec_server_module("workers.stack", build_arguments(data_dir=directory, port=port, families=families, model=model))
