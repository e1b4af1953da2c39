"""Failures that callers see, made of the errors of pipelines."""

from __future__ import annotations

import os

from jobs.failure import ErrorClass, Failure
from jobs.stack_trace import format_stack
from pipelines.errors import BadInput, EngineFailure, ModelUnavailable, PipelineError

from .messages import StepFailed


def to_failure(error: PipelineError) -> Failure:
    """The failure of a pipeline's error, with the error's words for the caller."""
    error_class = ErrorClass.BAD_INPUT if isinstance(error, BadInput) else ErrorClass.ENGINE
    return Failure(error_class, error.code, error.for_caller, error.field, error.retryable)


def step_failed(error: PipelineError) -> StepFailed:
    """The event of a run that ended with a pipeline's error. What only an operator can change goes to the log."""
    return StepFailed(to_failure(error), trace=_for_log(error))


def _for_log(error: PipelineError) -> str | None:
    """What an operator needs and a caller does not get. The words of a runtime may quote the input: not those."""
    match error:
        case ModelUnavailable():
            return error.detail
        case EngineFailure() if error.paths or error.__cause__:
            files = [path for path in error.paths if os.path.exists(path)]  # noqa: PTH110 – any text, also no path
            return "\n\n".join([*files, format_stack(error)[-4000:]])
    return None
