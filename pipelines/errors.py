"""Errors of the pipelines, one class per cause.

PipelineError
├── BadInput             the caller's bytes, text or options; never retried
│   ├── InputTooLarge    a limit was exceeded while reading
│   ├── UnreadableInput  not a document or recording that can be decoded
│   └── UnsupportedOption the chosen model cannot honour an option
├── ModelUnavailable     weights, library or device are missing on this worker
└── EngineFailure        the model's runtime failed; may be retried

The class docstring is the default message; `code` is what callers see; `retryable` is decided here and nowhere else.
"""

from __future__ import annotations


class PipelineError(Exception):
    """The pipeline failed."""

    code = "pipeline_error"
    retryable = False

    def __init__(self, detail: str | None = None, *, field: str | None = None) -> None:
        self.detail = detail or (self.__doc__ or "").strip()
        #: Name of the request field at fault, if any.
        self.field = field
        super().__init__(self.detail)


class BadInput(PipelineError):
    """The input cannot be processed as it is."""

    code = "bad_input"


class InputTooLarge(BadInput):
    """The input is larger than this server allows."""

    code = "input_too_large"


class UnreadableInput(BadInput):
    """The input is not a document or recording that can be opened here."""

    code = "unreadable_input"


class UnsupportedOption(BadInput):
    """The chosen model cannot honour this option."""

    code = "unsupported_option"


class ModelUnavailable(PipelineError):
    """The model's weights, library or device are missing on this worker."""

    code = "model_unavailable"


class EngineFailure(PipelineError):
    """The model's runtime failed."""

    code = "engine_failure"
    retryable = True
