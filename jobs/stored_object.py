"""Objects of the storage as the database records them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
