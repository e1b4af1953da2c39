"""The tree of errors: messages, codes, which ones a retry may help."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs import errors
from jobs.errors import Conflict, JobsError, Misconfigured, NotFound, Unavailable


def list_classes(parent: type[JobsError] = JobsError) -> Iterator[type[JobsError]]:
    yield parent
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from list_classes(child)


CLASSES = list(list_classes())


@pytest.mark.parametrize("kind", CLASSES)
def test_docstring_is_the_default_message(kind: type[JobsError]) -> None:
    assert str(kind()) == kind().detail == kind.__doc__
    assert str(kind("Other.")) == kind("Other.").detail == "Other."


def test_every_class_has_its_own_code_and_a_line_in_the_module_docstring() -> None:
    assert len({kind.code for kind in CLASSES}) == len(CLASSES)
    lines = (errors.__doc__ or "").splitlines()
    named = {line.strip("│├└─ ").split()[0] for line in lines[2:-2] if line.strip()}
    assert named == {kind.__name__ for kind in CLASSES}


def test_field_is_kept_beside_the_message() -> None:
    error = Misconfigured("VOICEMILL_X is wrong", field="VOICEMILL_X")
    assert (error.field, error.detail) == ("VOICEMILL_X", "VOICEMILL_X is wrong")
    assert NotFound().field is None


def test_outages_may_be_retried_and_contradictions_may_not() -> None:
    assert all(kind.retryable for kind in CLASSES if issubclass(kind, Unavailable))
    assert not Conflict.retryable
    assert {kind.code for kind in CLASSES if kind.retryable and not issubclass(kind, Unavailable)} == {
        "not_finished",
        "idempotency_in_flight",
        "corrupt_object",
    }
