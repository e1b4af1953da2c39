"""What went wrong with a chunk or a job: one value from the process that failed to the database and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ErrorClass(StrEnum):
    """What kind of thing went wrong; `class` in the API."""

    #: The caller's bytes, text or options.
    BAD_INPUT = "bad_input"
    #: A model, its runtime, or our own code.
    ENGINE = "engine"
    #: A stored object is missing or damaged.
    STORAGE = "storage"
    #: Reserved: read from rows and accepted from a child, but nothing here reports it.
    TIMEOUT = "timeout"
    #: The input ended its process again and again.
    POISON = "poison"
    #: The job's deadline passed.
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as callers see it."""

    error_class: ErrorClass
    code: str
    detail: str
    #: Name of the request field at fault, where one is.
    field: str | None = None
    #: Whether the same request may succeed later.
    retryable: bool = False

    @classmethod
    def internal_error(cls, detail: str) -> Failure:
        """Our own code failed; another attempt may succeed."""
        return cls(ErrorClass.ENGINE, "internal_error", detail, retryable=True)

    @classmethod
    def poison(cls, detail: str, *, retryable: bool = False) -> Failure:
        """The input ended its process."""
        return cls(ErrorClass.POISON, "poison", detail, retryable=retryable)

    def to_json(self) -> dict[str, Any]:
        """As the database, the API and the channel of an engine hold it; `field` only where there is one."""
        field = {} if self.field is None else {"field": self.field}
        return {
            "class": self.error_class.value,
            "code": self.code,
            "detail": self.detail,
            **field,
            "retryable": self.retryable,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Failure:
        """The inverse of `to_json`. Raises KeyError where `class`, `code` or `detail` is missing."""
        return cls(
            error_class=ErrorClass(value["class"]),
            code=value["code"],
            detail=value["detail"],
            field=value.get("field"),
            retryable=bool(value.get("retryable", False)),
        )
