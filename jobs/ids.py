"""Ids of rows and objects."""

from __future__ import annotations

import uuid_utils


def new_id(prefix: str) -> str:
    """`prefix_` and a UUIDv7: sorts by the time it was made."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"
