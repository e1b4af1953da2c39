"""`voicemill audit`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.server_modules import build_arguments, exec_server_module


def audit(
    deep: Annotated[bool, typer.Option("--deep", help="Also read every object and verify its SHA-256.")] = False,
) -> None:
    """Check the database against its invariants; configured by the server's environment (VOICEMILL_*)."""
    exec_server_module("workers.maintenance.audit", build_arguments(deep=deep))
