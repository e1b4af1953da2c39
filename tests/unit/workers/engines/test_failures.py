"""Errors of pipelines as callers see them."""

from __future__ import annotations

import pytest

from jobs.failure import ErrorClass, Failure
from pipelines.errors import EngineFailure, InputTooLarge, ModelUnavailable, PipelineError, UnsupportedOption
from workers.engines.failures import to_failure


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (
            UnsupportedOption("There is no such voice.", field="voice"),
            Failure(ErrorClass.BAD_INPUT, "unsupported_option", "There is no such voice.", "voice"),
        ),
        (InputTooLarge("It is too large."), Failure(ErrorClass.BAD_INPUT, "input_too_large", "It is too large.")),
        (ModelUnavailable("No weights."), Failure(ErrorClass.ENGINE, "model_unavailable", "No weights.")),
        (EngineFailure("It failed."), Failure(ErrorClass.ENGINE, "engine_failure", "It failed.", retryable=True)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, PipelineError) else "",
)
def test_an_error_of_a_pipeline_is_a_failure(error: PipelineError, failure: Failure) -> None:
    assert to_failure(error) == failure
