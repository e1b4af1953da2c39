"""What each problem of the API means, and what a caller can do: the pages behind `type` of a problem document.

The texts are those of the error classes; here is what they cannot say. Knows no request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus

from api.http import errors as http_errors
from api.http.problems import CODE_OF_STATUS, DETAIL_OF_STATUS, find_status
from jobs import errors as job_errors
from jobs.failure import ErrorClass
from pipelines import errors as pipeline_errors

from .schemas import ProblemTypeBody

#: Codes that an error class is raised with in place of its own: (the class, what it means).
_FURTHER: Mapping[str, tuple[type[http_errors.RequestError], str]] = {
    "link_invalid": (http_errors.Forbidden, "The link to a file has expired or was changed; ask for the job again."),
    "scope_missing": (http_errors.Forbidden, "The key lacks a scope that the route needs; use another key."),
    "text_too_long": (http_errors.TooLarge, "The text is longer than this server takes in one job; divide it."),
}
#: Codes of jobs that ended without the audio that was waited for; `error.code` of the job is the same.
_OF_JOBS: Mapping[str, tuple[ErrorClass, str]] = {
    "deadline": (ErrorClass.DEADLINE, "The job did not finish before its deadline; retry it with more time."),
    "internal_error": (ErrorClass.ENGINE, "The server failed unexpectedly; retry the job, or tell its operator."),
    "job_cancelled": (ErrorClass.ENGINE, "The job was cancelled."),
    "job_expired": (ErrorClass.DEADLINE, "The job did not finish before its deadline; retry it with more time."),
    "poison": (ErrorClass.POISON, "The input ended its process again and again; change the input."),
    "retries_exhausted": (ErrorClass.ENGINE, "Each attempt failed; retry the job, or tell the operator."),
    "workers_lost": (ErrorClass.POISON, "Workers were lost over this input again and again; change the input."),
}
_ACTIONS = {
    400: "Correct how the request is written.",
    401: "Send a valid key as `Authorization: Bearer <key>`.",
    403: "Use a key or a link that allows this.",
    404: "Check the address and the id; another tenant's ids are unknown here.",
    408: "Send the body faster: over another line, compressed, or through a proxy that collects it first.",
    409: "Look at the current state of the job, then decide.",
    410: "It is gone for good.",
    413: "Send less; `detail` names the limit.",
    415: "Send a content type that the route reads; see the Accept header of the response.",
    422: "Correct the fields that `errors` names.",
    429: "Send the same request again after the seconds of Retry-After, with fewer at once.",
    500: "Tell the operator of the server the request's id, which its log has too.",
    503: "Send the same request again after the seconds of Retry-After.",
}


@cache
def problem_types() -> Mapping[str, ProblemTypeBody]:
    """All kinds by their code, in alphabetical order."""
    found = {kind.code: kind for kind in (*_of_statuses(), *_of_jobs(), *_of_classes(), *_further(), _INTERNAL)}
    return dict(sorted(found.items()))


def _make(code: str, status: int, meaning: str, *, retryable: bool = False) -> ProblemTypeBody:
    action = _ACTIONS.get(status, "Correct the request.")
    title = HTTPStatus(status).phrase
    return ProblemTypeBody(code=code, status=status, title=title, meaning=meaning, action=action, retryable=retryable)


_INTERNAL = _make("internal", 500, "The server failed to answer; its log has the reason under this request's id.")


def _of_classes() -> Iterator[ProblemTypeBody]:
    for module in (job_errors, pipeline_errors, http_errors):
        for kind in vars(module).values():
            if not isinstance(kind, type):
                continue
            if issubclass(kind, http_errors.RequestError):
                if kind is http_errors.JobFailed:
                    continue  # it has the code of its job: _OF_JOBS
                yield _make(kind.code, kind.status, _first_lines(kind), retryable=kind.retryable)
            elif issubclass(kind, job_errors.JobsError | pipeline_errors.PipelineError):
                if find_status(kind) == 500 and kind is not pipeline_errors.EngineFailure:
                    continue  # shown as `internal`
                yield _make(kind.code, find_status(kind), _first_lines(kind), retryable=kind.retryable)


def _first_lines(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split())


def _of_statuses() -> Iterator[ProblemTypeBody]:
    for status, code in {**CODE_OF_STATUS, 422: "refused"}.items():
        meaning = DETAIL_OF_STATUS.get(status) or HTTPStatus(status).description or "The request was refused"
        yield _make(code, status, f"{meaning.rstrip('.')}.")


def _of_jobs() -> Iterator[ProblemTypeBody]:
    for code, (error_class, meaning) in _OF_JOBS.items():
        is_input = error_class in (ErrorClass.BAD_INPUT, ErrorClass.POISON)
        yield _make(code, 500, meaning, retryable=not is_input)


def _further() -> Iterator[ProblemTypeBody]:
    for code, (kind, meaning) in _FURTHER.items():
        yield _make(code, kind.status, meaning, retryable=kind.retryable)
