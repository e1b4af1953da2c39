"""Failures and their JSON."""

from __future__ import annotations

import pytest

from jobs.failure import ErrorClass, Failure


@pytest.mark.parametrize(
    ("failure", "value"),
    [
        (
            Failure(ErrorClass.BAD_INPUT, "unreadable_input", "No text in it.", field="file"),
            {
                "class": "bad_input",
                "code": "unreadable_input",
                "detail": "No text in it.",
                "field": "file",
                "retryable": False,
            },
        ),
        (
            Failure(ErrorClass.ENGINE, "engine_failure", "The model failed.", retryable=True),
            {"class": "engine", "code": "engine_failure", "detail": "The model failed.", "retryable": True},
        ),
    ],
)
def test_a_failure_and_its_json(failure: Failure, value: dict[str, object]) -> None:
    assert failure.to_json() == value
    assert Failure.from_json(value) == failure


def test_a_row_of_an_older_version_may_lack_what_is_optional() -> None:
    assert Failure.from_json({"class": "engine", "code": "x", "detail": "y"}) == Failure(ErrorClass.ENGINE, "x", "y")


def test_a_class_that_nobody_knows_is_no_failure() -> None:
    with pytest.raises(ValueError, match="bad_luck"):
        Failure.from_json({"class": "bad_luck", "code": "x", "detail": "y"})


def test_the_class_is_stored_as_a_plain_text() -> None:
    assert type(Failure.poison("It died.").to_json()["class"]) is str


@pytest.mark.parametrize("missing", ["class", "code", "detail"])
def test_what_is_required_is_missed(missing: str) -> None:
    value = Failure(ErrorClass.ENGINE, "x", "y").to_json()
    del value[missing]
    with pytest.raises(KeyError):
        Failure.from_json(value)
