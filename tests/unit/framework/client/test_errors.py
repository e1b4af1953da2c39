"""The tree of exceptions: complete, documented, one class for each status."""

from __future__ import annotations

import inspect

import pytest

from framework.client import errors
from framework.client.responses import parse_problem

CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.VoicemillError)]


def test_tree_at_the_head_of_the_file_names_every_class() -> None:
    tree = errors.__doc__ or ""
    assert [cls.__name__ for cls in CLASSES if cls.__name__ not in tree] == []


def test_every_class_has_a_default_message_and_a_code_of_its_own() -> None:
    assert all((cls.__doc__ or "").strip() for cls in CLASSES)
    codes = [cls.code for cls in CLASSES]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (400, "InvalidRequest"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (409, "Conflict"),
        (410, "Deleted"),
        (413, "InvalidRequest"),
        (415, "InvalidRequest"),
        (418, "InvalidRequest"),
        (422, "InvalidRequest"),
        (429, "RateLimited"),
        (500, "ServerError"),
        (501, "ServerError"),
        (502, "Unavailable"),
        (503, "Unavailable"),
        (504, "Unavailable"),
    ],
)
def test_each_status_has_its_class(status: int, cls: str) -> None:
    assert type(parse_problem(status, {}, b"")).__name__ == cls


def test_message_names_status_code_and_fields() -> None:
    error = errors.InvalidRequest(
        "Invalid fields: speed.", status=422, code="invalid", errors=[errors.FieldError("speed", "At most 2.")]
    )
    assert str(error) == "Invalid fields: speed. (422 invalid)\n  speed: At most 2."


def test_default_message_is_the_docstring() -> None:
    assert errors.NotFound(status=404).detail == "Nothing with this id exists."
    assert errors.Unreachable().detail == "The server does not answer."
