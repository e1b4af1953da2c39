"""Inputs stored for a job before it is recorded, and their removal where the job is not recorded after all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from jobs.errors import NotFound, ObjectMissing, StorageUnavailable
from jobs.storage.object_keys import input_key, job_prefix
from jobs.storage.storage import Storage
from jobs.stored_object import StoredObject

from .uncertain_inputs import UncertainInputs

log = structlog.get_logger("api")


@dataclass(frozen=True, slots=True)
class StoredInput:
    """An input in the storage. `type`: how a document is read; None for a recording."""

    key: str
    part: StoredObject
    name: str
    type: str | None = None


class JobInputs:
    """The inputs of one job. All that a submission stores goes through here."""

    def __init__(self, storage: Storage, uncertain: UncertainInputs, tenant_id: str, job_id: str) -> None:
        self._storage = storage
        self._uncertain = uncertain
        self._tenant_id = tenant_id
        self._job_id = job_id
        self._has_objects = False
        self._is_kept = False

    def key(self, name: str) -> str:
        """The object key of an input."""
        return input_key(self._tenant_id, self._job_id, name)

    def take_over_upload(self) -> None:
        """An input was stored under a `key` while the request was received: from now on it is kept or removed here."""
        self._has_objects = True

    def put_text(self, text: bytes) -> StoredInput:
        """Store a text in UTF-8. Raises StorageUnavailable."""
        self._has_objects = True
        key = self.key(hashlib.sha256(text).hexdigest())
        part = self._storage.put_bytes(key, text, content_type="text/plain; charset=utf-8")
        return StoredInput(key, part, name="text", type="txt")

    def copy(self, source_key: str, name: str) -> str:
        """Copy another object to an input of this job, and return its key. Raises ObjectMissing, StorageUnavailable."""
        self._has_objects = True
        key = self.key(name)
        try:
            self._storage.copy(source_key, key)
        except NotFound as error:
            raise ObjectMissing("The stored input is gone; send the request again with its input.") from error
        return key

    @contextmanager
    def removed_unless_kept(self) -> Iterator[None]:
        """At the end of the block, however it ends: remove the inputs, unless one of the methods below was called."""
        try:
            yield
        finally:
            if self._has_objects and not self._is_kept:
                self._remove()

    def keep(self) -> None:
        """The job is recorded."""
        self._is_kept = True

    def mark_uncertain(self) -> None:
        """The job may be recorded: keep its inputs until the database can tell."""
        self._is_kept = True
        if self._has_objects:
            self._uncertain.mark_uncertain(self._tenant_id, self._job_id)

    def _remove(self) -> None:
        try:
            self._storage.delete_prefix(job_prefix(self._tenant_id, self._job_id))
        except StorageUnavailable:
            log.warning("input_not_removed", job=self._job_id)
