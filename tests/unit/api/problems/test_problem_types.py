"""Every code that a problem can have is explained."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from api.http.problems import CODE_OF_STATUS
from api.problems.problem_types import problem_types

ROOT = Path(__file__).parents[4]


def keyword_codes(package: str, *names: str) -> Iterator[str]:
    """The literal `code` of every call of these names."""
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)


def failure_codes() -> Iterator[str]:
    """The literal codes of the failures of jobs."""
    for package in ("jobs", "workers"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Failure", "cls"):
                    for argument in node.args[1:2]:
                        if isinstance(argument, ast.Constant):
                            yield str(argument.value)


def test_codes_that_are_raised_in_place_of_those_of_a_class_are_explained() -> None:
    raised = set(keyword_codes("api", "Forbidden", "TooLarge", "Malformed", "NoResult", "Unauthenticated"))
    assert {"link_invalid", "scope_missing", "text_too_long"} <= raised
    assert raised <= problem_types().keys()


def test_codes_of_jobs_are_explained() -> None:
    found = set(failure_codes())
    assert {"deadline", "poison", "internal_error", "retries_exhausted", "workers_lost"} <= found
    assert found <= problem_types().keys()


def test_codes_of_statuses_are_explained_with_their_status() -> None:
    for status, code in CODE_OF_STATUS.items():
        assert problem_types()[code].status == status


def test_every_kind_says_what_it_means_and_what_to_do() -> None:
    for kind in problem_types().values():
        assert kind.meaning.endswith(".") and kind.action.endswith("."), kind
        assert 400 <= kind.status < 600
    assert problem_types()["no_worker"].retryable and not problem_types()["invalid"].retryable
