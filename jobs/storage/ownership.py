"""Ownership of a storage: one marker object holds the id of the installation (a row of the database) that owns it.

Another database, or one restored from a backup, knows nothing of objects written since. Code that deletes objects
which the database does not know must check the owner first.
"""

from __future__ import annotations

from jobs.errors import Conflict, Misconfigured, NotFound

from .object_keys import MARKER_KEY
from .storage import Storage

_MAX_BYTES = 128


def mark_storage(storage: Storage, installation_id: str) -> str:
    """Write the marker if there is none. Returns the id of the owner. Raises StorageUnavailable."""
    try:
        storage.put_bytes(MARKER_KEY, installation_id.encode(), content_type="text/plain")
    except Conflict:
        pass  # another installation has marked it
    return read_storage_owner(storage) or installation_id


def read_storage_owner(storage: Storage) -> str | None:
    """The id in the marker; None where there is no marker. Raises StorageUnavailable."""
    try:
        return b"".join(storage.read(MARKER_KEY, length=_MAX_BYTES)).decode(errors="replace")
    except NotFound:
        return None


def require_own_storage(storage: Storage, installation_id: str) -> None:
    """Call it before any delete. Raises Misconfigured unless this installation owns the storage, StorageUnavailable."""
    owner = read_storage_owner(storage)
    if owner != installation_id:
        raise Misconfigured(
            "the object storage belongs to another installation; nothing is deleted in it until "
            "VOICEMILL_STORAGE_URL and VOICEMILL_DATABASE_URL fit together again"
            if owner is not None
            else "the object storage has no marker of its installation; nothing is deleted in it",
            field="VOICEMILL_STORAGE_URL",
        )
