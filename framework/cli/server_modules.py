"""Commands that run the server's own programs: the SDK executes them as modules and never imports them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

import typer

from .output import EXIT_BAD_INPUT

#: Modules of the server, by the beginning of their name; the extra that they need, and a library that it brings.
_NEEDED = (
    ("workers.controller", "worker", "psutil"),
    ("workers.stack", "worker", "psutil"),
    ("workers", "server", "sqlalchemy"),
    ("migrations", "server", "sqlalchemy"),
)


def exec_server_module(module: str, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by `python -m module`, with the same interpreter. Exits with 2 if it is not installed."""
    if find_spec(module.split(".", maxsplit=1)[0]) is None:
        typer.echo(f"Error: {module} is not installed here; install Voicemill from its source tree.", err=True)
        raise typer.Exit(EXIT_BAD_INPUT)
    if (extra := _missing_extra(module)) is not None:
        typer.echo(f"Error: {module} needs the extra `{extra}`: pip install 'voicemill[{extra}]'.", err=True)
        raise typer.Exit(EXIT_BAD_INPUT)
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: a folder of the same name in the current directory must not be imported instead of ours.
    os.execv(  # noqa: S606  # no shell is needed
        sys.executable, [sys.executable, "-P", "-m", module, *arguments]
    )


def _missing_extra(module: str) -> str | None:
    """The extra of the server that the module needs and that is not installed; None where nothing is missing."""
    for prefix, extra, library in _NEEDED:
        if module.startswith(prefix) and find_spec(library) is None:
            return extra
    return None


def build_arguments(**options: object) -> list[str]:
    """Options as arguments: `data_dir=D` is `--data-dir D`, True a flag without a value; a list repeats its option.

    None and False are left out.
    """
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
