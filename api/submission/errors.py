"""Errors of a submission, without HTTP; http.py turns them into responses.

Beside them it raises those of the model's capabilities (pipelines/errors.py) and of the ports (jobs/errors.py).
"""

from __future__ import annotations


class InvalidField(Exception):
    """A field of the request has to change. `field` is a dotted path, `code` is stable."""

    def __init__(self, field: str, detail: str, *, code: str) -> None:
        self.field = field
        self.detail = detail
        self.code = code
        super().__init__(detail)
