"""What went wrong with a chunk or a job: one value from the process that failed to the database and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as callers see it."""

    #: `bad_input`, `engine`, `storage`, `timeout`, `poison` or `deadline`.
    error_class: str
    code: str
    detail: str
    #: Name of the request field that is to blame, where one is.
    field: str | None = None
    #: Whether the same request may succeed later.
    retryable: bool = False

    def to_json(self) -> dict[str, Any]:
        """As the database, the API and the channel of an engine hold it; `field` only where there is one."""
        field = {} if self.field is None else {"field": self.field}
        return {
            "class": self.error_class,
            "code": self.code,
            "detail": self.detail,
            **field,
            "retryable": self.retryable,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Failure:
        """The inverse of `to_json`. Raises KeyError where `class`, `code` or `detail` is missing."""
        return cls(
            error_class=value["class"],
            code=value["code"],
            detail=value["detail"],
            field=value.get("field"),
            retryable=bool(value.get("retryable", False)),
        )
