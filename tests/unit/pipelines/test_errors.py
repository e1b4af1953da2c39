"""pipelines/errors.py: messages, codes and fields; what callers read, and what is for operators only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import errors
from pipelines.errors import BadInput, EngineFailure, ModelUnavailable, PipelineError

ROOT = Path(__file__).parents[3]
COMMAND = re.compile(r"\b(pip|apt|apt-get|docker|python -m|voicemill (up|worker|migrate|models|keys))\b(?! is)")
#: The message of these is for operators, but for their arguments by name.
FOR_OPERATORS = ("ModelUnavailable", "Misconfigured")
CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, PipelineError)]


@pytest.mark.parametrize("error", CLASSES)
def test_docstring_is_the_message_unless_there_is_a_better_one(error: type[PipelineError]) -> None:
    assert error().detail == str(error()) == error.__doc__
    assert error("No.", field="text").detail == "No."


def test_codes_are_unique() -> None:
    codes = [each.code for each in CLASSES]
    assert len(set(codes)) == len(codes)


def test_only_an_engine_failure_may_be_retried() -> None:
    assert [each for each in CLASSES if each.retryable] == [EngineFailure]


def test_field_at_fault_is_named_only_where_it_is_known() -> None:
    assert BadInput("No.", field="voice").field == "voice"
    assert BadInput("No.").field is None


def test_missing_model_tells_callers_nothing_of_the_server() -> None:
    error = ModelUnavailable("/srv/weights is empty: pip install the-weights")
    assert str(error) == error.detail == "/srv/weights is empty: pip install the-weights"
    assert "/srv" not in error.for_caller and "GET /audio/models" in error.for_caller
    assert ModelUnavailable("a", for_caller="Send plain text.").for_caller == "Send plain text."
    assert BadInput("The text is empty.").for_caller == "The text is empty."


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("tiny failed: Unable to open file '/srv/my models/tiny/model.bin'.", "tiny failed: Unable to open file …."),
        ("tiny failed: /srv/tiny/model.bin: no such file", "tiny failed: …: no such file"),
        ("tiny failed (/opt/a.so, ~/.cache/b)", "tiny failed (…, ~…)"),
        ("It has 1/2 of the frames and/or 16000 Hz / 2.", "It has 1/2 of the frames and/or 16000 Hz / 2."),
    ],
)
def test_a_failed_engine_tells_callers_no_path(detail: str, told: str) -> None:
    error = EngineFailure(detail)
    assert error.detail == detail
    assert error.for_caller == told


def test_what_a_runtime_says_of_its_files_is_not_told_to_callers() -> None:
    error = EngineFailure("tiny failed: no file in /srv/my models/tiny")
    error.__cause__ = OSError("no file in /srv/my models/tiny")
    assert error.for_caller == "tiny failed: OSError"
    assert error.paths == ["/srv/my"]


@pytest.mark.parametrize("package", ["api", "pipelines"])
def test_no_message_to_callers_names_a_command(package: str) -> None:
    """They have no shell on the server. The command line adds what its user can do."""
    found = [
        f"{path.relative_to(ROOT)}:{text.lineno}: {text.value}"
        for path in (ROOT / package).rglob("*.py")
        for text in _messages(ast.parse(path.read_text()))
        if COMMAND.search(text.value)
    ]
    assert found == []


def _messages(tree: ast.AST) -> Iterator[ast.Constant]:
    """The texts that are raised or yielded, but for those of operators."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise | ast.Yield):
            yield from _texts(node)


def _texts(node: ast.AST) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    for_operators = isinstance(node, ast.Call) and getattr(node.func, "id", "") in FOR_OPERATORS
    children = node.keywords if isinstance(node, ast.Call) and for_operators else ast.iter_child_nodes(node)
    for child in children:
        yield from _texts(child)
