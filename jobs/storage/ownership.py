"""Whose storage this is. One object holds the id of the installation (a row of the database) that owns the rest.

A database restored from a backup, or another one, knows nothing of objects written since: whoever deletes by what the
database does not know must first ask here.
"""

from __future__ import annotations

from jobs.errors import Conflict, Misconfigured, NotFound

from .object_keys import MARKER_KEY
from .storage import Storage

_MAX_BYTES = 128


def mark_storage(storage: Storage, installation_id: str) -> str:
    """Write the marker if there is none; whose storage it is, either way. Raises StorageUnavailable."""
    try:
        storage.put_bytes(MARKER_KEY, installation_id.encode(), content_type="text/plain")
    except Conflict:
        pass  # another installation was first
    return storage_owner(storage) or installation_id


def storage_owner(storage: Storage) -> str | None:
    """The id in the marker; None where nobody has marked the storage. Raises StorageUnavailable."""
    try:
        return b"".join(storage.read(MARKER_KEY, length=_MAX_BYTES)).decode(errors="replace")
    except NotFound:
        return None


def require_own_storage(storage: Storage, installation_id: str) -> None:
    """To be called before any collection, expiry or delete. Raises Misconfigured, StorageUnavailable."""
    owner = storage_owner(storage)
    if owner != installation_id:
        raise Misconfigured(
            "the object storage belongs to another installation; nothing is deleted in it until "
            "VOICEMILL_STORAGE_URL and VOICEMILL_DATABASE_URL fit together again"
            if owner is not None
            else "the object storage has no marker of its installation; nothing is deleted in it",
            field="VOICEMILL_STORAGE_URL",
        )
