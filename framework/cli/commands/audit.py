"""`voicemill audit`."""

from __future__ import annotations

from typing import Annotated

import typer

from framework.cli.server_modules import become, given


def audit(
    deep: Annotated[bool, typer.Option("--deep", help="Also read every object and check its SHA-256.")] = False,
) -> None:
    """Check the record against its invariants; its settings are the server's environment (VOICEMILL_*)."""
    become("workers.maintenance.audit", given(deep=deep))
