"""The pairing of a database with one storage.

The row of the installation names an id, and the storage that has an object of this id is the one of the database.
Processes with the same database and another storage would take each other's jobs and not find their objects. A new
installation, or one of an earlier version, is paired when a process of it starts.
"""

from __future__ import annotations

from typing import Protocol

from jobs.errors import Misconfigured
from jobs.ids import new_id

from .object_keys import storage_id_key
from .ownership import mark_storage
from .storage import Storage


class PairingRecord(Protocol):
    """What the database knows of it: see jobs/store/maintenance.py."""

    def installation_id(self) -> str: ...

    def paired_storage_id(self) -> str | None: ...

    def pair_storage(self, storage_id: str, *, replace: bool = False) -> str: ...


def pair_storage(storage: Storage, record: PairingRecord) -> None:
    """Call it when a process starts. Marks a storage that has no owner; pairs a database that has no storage.

    Raises Misconfigured where the database is paired with another storage, StorageUnavailable, StoreUnavailable.
    """
    paired = record.paired_storage_id()
    if paired is not None:
        _require_paired(storage, paired)
    installation_id = record.installation_id()
    is_own = mark_storage(storage, installation_id) == installation_id
    if paired is None and is_own:
        # Where another process was faster, the id is that of its storage, which may be this one.
        _require_paired(storage, record.pair_storage(_add_id(storage, installation_id)))


def replace_storage(storage: Storage, record: PairingRecord) -> None:
    """Pair the database with this storage, even if it is paired with another one, which is given up.

    Raises Misconfigured where another installation owns the storage, StorageUnavailable, StoreUnavailable.
    """
    installation_id = record.installation_id()
    if mark_storage(storage, installation_id) != installation_id:
        raise Misconfigured(
            "the storage of VOICEMILL_STORAGE_URL belongs to the installation of another database; name a bucket or a "
            "prefix without objects",
            field="VOICEMILL_STORAGE_URL",
        )
    record.pair_storage(_add_id(storage, installation_id), replace=True)


def _add_id(storage: Storage, installation_id: str) -> str:
    """Each caller adds an id of its own, because a store without conditional writes would let two overwrite one."""
    storage_id = new_id("sto")
    storage.put_bytes(storage_id_key(storage_id), installation_id.encode(), content_type="text/plain")
    return storage_id


def _require_paired(storage: Storage, storage_id: str) -> None:
    if storage.stat(storage_id_key(storage_id)) is None:
        raise Misconfigured(
            "the storage of VOICEMILL_STORAGE_URL (unset: `objects` in VOICEMILL_DATA_DIR) is not the one that the "
            f"database of VOICEMILL_DATABASE_URL is paired with: it has no object {storage_id_key(storage_id)}. "
            "Correct the setting that is wrong; where that storage was emptied or given up for good, run "
            "`python -m workers.replace_storage`",
            field="VOICEMILL_STORAGE_URL",
        )
