"""pipelines/errors.py: messages, codes and fields."""

from __future__ import annotations

import pytest

from pipelines import errors
from pipelines.errors import BadInput, EngineFailure, PipelineError

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
