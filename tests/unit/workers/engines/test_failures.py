"""Errors of pipelines as callers see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.failure import ErrorClass, Failure
from pipelines.errors import EngineFailure, InputTooLarge, ModelUnavailable, PipelineError, UnsupportedOption
from workers.engines.failures import step_failed, to_failure


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (
            UnsupportedOption("There is no such voice.", field="voice"),
            Failure(ErrorClass.BAD_INPUT, "unsupported_option", "There is no such voice.", "voice"),
        ),
        (InputTooLarge("It is too large."), Failure(ErrorClass.BAD_INPUT, "input_too_large", "It is too large.")),
        (
            ModelUnavailable("/srv/docx is missing: pip install docx", for_caller="This server reads no DOCX."),
            Failure(ErrorClass.ENGINE, "model_unavailable", "This server reads no DOCX."),
        ),
        (EngineFailure("It failed."), Failure(ErrorClass.ENGINE, "engine_failure", "It failed.", retryable=True)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, PipelineError) else "",
)
def test_an_error_of_a_pipeline_is_a_failure(error: PipelineError, failure: Failure) -> None:
    assert to_failure(error) == failure


def test_what_only_an_operator_can_change_is_for_the_log_and_not_for_the_caller() -> None:
    event = step_failed(ModelUnavailable("/srv/weights is empty: pip install the-weights"))
    assert event.trace == "/srv/weights is empty: pip install the-weights"
    assert "/srv" not in event.failure.detail and "pip" not in event.failure.detail
    assert "operator" in event.failure.detail
    assert step_failed(EngineFailure("It failed.")).trace is None


def test_files_that_a_runtime_names_are_for_the_log_and_its_words_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "my models"
    folder.mkdir()
    text = "My secret diary"
    try:
        try:
            raise RuntimeError(f"cannot open '{folder}' for the text: {text}")
        except RuntimeError as error:
            raise EngineFailure(f"tiny failed on a window: {error}") from error
    except EngineFailure as failure:
        event = step_failed(failure)
    assert event.failure.detail == "tiny failed on a window: RuntimeError"
    assert event.trace is not None and event.trace.startswith(f"{folder}\n")
    assert "RuntimeError" in event.trace and "diary" not in event.trace
