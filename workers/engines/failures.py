"""Failures that callers see, made of the errors of pipelines."""

from __future__ import annotations

from jobs.failure import ErrorClass, Failure
from pipelines.errors import BadInput, ModelUnavailable, PipelineError

from .messages import StepFailed


def to_failure(error: PipelineError) -> Failure:
    """The failure of a pipeline's error, with the error's words for the caller."""
    error_class = ErrorClass.BAD_INPUT if isinstance(error, BadInput) else ErrorClass.ENGINE
    return Failure(error_class, error.code, error.for_caller, error.field, error.retryable)


def step_failed(error: PipelineError) -> StepFailed:
    """The event of a run that ended with a pipeline's error. What only an operator can change goes to the log."""
    return StepFailed(to_failure(error), trace=error.detail if isinstance(error, ModelUnavailable) else None)
