"""Failures that callers see, made of the errors of pipelines."""

from __future__ import annotations

from jobs.failure import ErrorClass, Failure
from pipelines.errors import BadInput, PipelineError


def to_failure(error: PipelineError) -> Failure:
    """The failure of a pipeline's error, with the error's own words."""
    error_class = ErrorClass.BAD_INPUT if isinstance(error, BadInput) else ErrorClass.ENGINE
    return Failure(error_class, error.code, error.detail, error.field, error.retryable)
