"""Objects of the storage as the database records them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: The kinds of objects whose sizes are added up (jobs/storage/object_keys.py); the objects of plans are parts too.
STORED_KINDS = ("input", "part", "result", "voice")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An immutable object: its key, the SHA-256 (hex) of its bytes, and how many they are."""

    key: str
    sha256: str
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """As the database holds it."""
        return {"key": self.key, "sha256": self.sha256, "bytes": self.bytes}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> StoredObject:
        """The inverse of `to_json`; other fields are ignored. Raises KeyError where one is missing."""
        return cls(value["key"], value["sha256"], value["bytes"])


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a job's result. `name` is for the client, the object's key for the storage."""

    name: str
    content_type: str
    object: StoredObject

    def to_json(self) -> dict[str, Any]:
        """As `files` of the job's result holds it."""
        stored = self.object
        return {
            "name": self.name,
            "content_type": self.content_type,
            "bytes": stored.bytes,
            "sha256": stored.sha256,
            "key": stored.key,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> StoredFile:
        """The inverse of `to_json`. Raises KeyError where a field is missing."""
        return cls(value["name"], value["content_type"], StoredObject.from_json(value))


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """The sizes of the objects that the database records, in bytes. What nobody recorded yet is not among them."""

    #: When they were added up: milliseconds by the database's clock.
    at_ms: int
    #: By kind of object: one of each of `STORED_KINDS`.
    by_kind: Mapping[str, int]

    @classmethod
    def from_json(cls, value: object) -> StoredBytes | None:
        """The inverse of `to_json`; None for what is no report of this kind."""
        match value:
            case {"at_ms": int(at_ms), "by_kind": Mapping() as by_kind}:
                sizes = {kind: by_kind.get(kind) for kind in STORED_KINDS}
                return cls(at_ms, {kind: size if isinstance(size, int) else 0 for kind, size in sizes.items()})
        return None

    def to_json(self) -> dict[str, Any]:
        """As `workers.info` holds it."""
        return {"at_ms": self.at_ms, "by_kind": dict(self.by_kind)}
