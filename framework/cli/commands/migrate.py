"""`voicemill migrate`."""

from __future__ import annotations

from framework.cli.server_modules import exec_server_module


def migrate() -> None:
    """Migrate the database to this version's schema; configured by the server's environment (VOICEMILL_*)."""
    exec_server_module("migrations", [])
