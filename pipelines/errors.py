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

import re

#: An absolute path, in quotation marks or up to the next space or punctuation; not the stroke in 1/2 or and/or.
_PATH = re.compile(r"""'/[^'\n]*'|"/[^"\n]*"|`/[^`\n]*`|(?<![\w.])/[\w.~@+-][^\s'"`<>|()\[\]{},;:]*""")


class PipelineError(Exception):
    """The pipeline failed."""

    code = "pipeline_error"
    retryable = False

    def __init__(self, detail: str | None = None, *, field: str | None = None) -> None:
        self.detail = detail or (self.__doc__ or "").strip()
        #: Name of the request field at fault, if any.
        self.field = field
        super().__init__(self.detail)

    @property
    def for_caller(self) -> str:
        """The message for whoever sent the request; `detail` is for the log and the operator."""
        return self.detail


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

    def __init__(self, detail: str | None = None, *, field: str | None = None, for_caller: str | None = None) -> None:
        """`detail`: for the operator; it may name files and commands. `for_caller`: what a caller can change."""
        super().__init__(detail, field=field)
        self._for_caller = for_caller or (
            "This server cannot run the model at present. Choose another one of GET /audio/models, or tell the "
            "operator of this server, whose log names the reason."
        )

    @property
    def for_caller(self) -> str:
        """See `PipelineError`: without what only an operator can do."""
        return self._for_caller


class EngineFailure(PipelineError):
    """The model's runtime failed."""

    code = "engine_failure"
    retryable = True

    @property
    def for_caller(self) -> str:
        """See `PipelineError`: without the files of this machine, which a runtime names in its own words."""
        cause = str(self.__cause__ or "")
        detail = self.detail
        if _PATH.search(cause):
            # A path may have spaces, so where it ends is not known.
            detail = detail.replace(cause, type(self.__cause__).__name__)
        return _PATH.sub("…", detail)

    @property
    def paths(self) -> list[str]:
        """What looks like a path of this machine in the message: for the log and the operator."""
        return [found.strip("'\"`") for found in _PATH.findall(self.detail)]
