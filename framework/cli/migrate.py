"""`voicemill migrate`."""

from __future__ import annotations

from .server_code import become


def migrate() -> None:
    """Bring the database to this version's schema; its settings are the server's environment (VOICEMILL_*)."""
    become("migrations", [])
