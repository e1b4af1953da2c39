"""Handing over to the server's own programs: the SDK starts them as modules and never imports them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

import typer


def become(module: str, arguments: Sequence[str]) -> NoReturn:
    """Turn this process into `python -m module`, with the same interpreter. Exits with 2 where it is not installed."""
    if find_spec(module.split(".", maxsplit=1)[0]) is None:
        typer.echo(f"Error: {module} is not installed here; install Voicemill from its source tree.", err=True)
        raise typer.Exit(2)
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: a folder of the same name where the user happens to stand must not be taken for ours.
    os.execv(  # noqa: S606  # there is nothing for a shell to do
        sys.executable, [sys.executable, "-P", "-m", module, *arguments]
    )


def given(**options: object) -> list[str]:
    """Options that were given, as arguments: `data_dir=D` is `--data-dir D`; True is a bare flag, a list repeats it."""
    arguments: list[str] = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            arguments.append(flag)
        elif isinstance(value, list):
            arguments += [part for item in value for part in (flag, str(item))]
        elif value is not None and value is not False:
            arguments += [flag, str(value)]
    return arguments
