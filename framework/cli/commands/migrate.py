"""`voicemill migrate`."""

from __future__ import annotations

from framework.cli.server_modules import become


def migrate() -> None:
    """Bring the database to this version's schema; its settings are the server's environment (VOICEMILL_*)."""
    become("migrations", [])
