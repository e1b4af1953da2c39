"""Exceptions of the SDK: one class for each way in which a caller can react.

VoicemillError
├── NotConfigured         no server or no key is configured
├── ClientClosed          the client was closed before the call
├── BadArgument           an argument is invalid, or a file to send does not exist
├── Unreachable           nothing answers at the server's address
├── ApiError              the server answered with a problem (RFC 9457)
│   ├── InvalidRequest    400, 413, 415, 422: change the request; `errors` names the fields
│   ├── Unauthorized      401: the key is missing, wrong or revoked
│   ├── Forbidden         403: the key may not do this
│   ├── NotFound          404
│   ├── Conflict          409: not finished yet, or an Idempotency-Key in use
│   ├── Deleted           410
│   ├── RateLimited       429
│   ├── Unavailable       502, 503, 504: retry later
│   └── ServerError       any other answer, such as 500
├── JobUnsuccessful       the job that was waited for ended without a result
│   ├── JobFailed
│   ├── JobCancelled
│   └── JobExpired
├── WaitTimeout           the job still runs
├── CorruptDownload       the received bytes are not those of the result
└── InvalidSignature      a webhook that was not signed with this secret

The class docstring is the default message; `code` is stable; `retryable` says whether the same call may work later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .job import Job


class VoicemillError(Exception):
    """The call did not succeed."""

    code = "voicemill_error"
    retryable = False

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (self.__doc__ or "").strip()
        super().__init__(self.detail)


class NotConfigured(VoicemillError):
    """No server is known here; start one with `voicemill up`, or set VOICEMILL_URL and VOICEMILL_API_KEY."""

    code = "not_configured"


class ClientClosed(VoicemillError):
    """This client was closed; make a new one."""

    code = "client_closed"


class BadArgument(VoicemillError):
    """An argument is invalid."""

    code = "bad_argument"


class Unreachable(VoicemillError):
    """The server does not answer."""

    code = "unreachable"
    retryable = True

    def __init__(self, detail: str | None = None, *, maybe_sent: bool = True) -> None:
        #: False when the request cannot have reached the server.
        self.maybe_sent = maybe_sent
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of the request that has to change."""

    field: str
    detail: str


class ApiError(VoicemillError):
    """The server refused the request."""

    code = "api_error"

    def __init__(
        self,
        detail: str | None = None,
        *,
        status: int = 0,
        code: str | None = None,
        title: str | None = None,
        errors: Sequence[FieldError] = (),
        retryable: bool | None = None,
        retry_after_s: float | None = None,
        request_id: str | None = None,
        problem: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.code = code or self.code
        self.title = title
        self.errors = tuple(errors)
        self.retryable = type(self).retryable if retryable is None else retryable
        #: Seconds of the Retry-After header, where there is one.
        self.retry_after_s = retry_after_s
        #: `X-Request-Id`, for the server's log.
        self.request_id = request_id
        #: The whole problem document.
        self.problem = dict(problem or {})

    def __str__(self) -> str:
        fields = "".join(f"\n  {error.field}: {error.detail}" for error in self.errors)
        return f"{self.detail} ({self.status} {self.code}){fields}"


class InvalidRequest(ApiError):
    """The request cannot be honoured as it is."""

    code = "invalid_request"


class Unauthorized(ApiError):
    """The key is missing, wrong or revoked."""

    code = "unauthorized"


class Forbidden(ApiError):
    """The key may not do this."""

    code = "forbidden"


class NotFound(ApiError):
    """Nothing with this id exists."""

    code = "not_found"


class Conflict(ApiError):
    """The request conflicts with the current state."""

    code = "conflict"


class Deleted(ApiError):
    """It was deleted."""

    code = "deleted"


class RateLimited(ApiError):
    """Too many requests; retry later."""

    code = "rate_limited"
    retryable = True


class Unavailable(ApiError):
    """The service is not available just now; retry later."""

    code = "unavailable"
    retryable = True


class ServerError(ApiError):
    """The server failed to answer."""

    code = "server_error"


class JobUnsuccessful(VoicemillError):
    """The job ended without a result."""

    code = "job_unsuccessful"

    def __init__(self, job: Job) -> None:
        self.job = job
        error = job.error or {}
        self.code = str(error.get("code") or self.code)
        self.retryable = bool(error.get("retryable", False))
        super().__init__(f"{job.id} {job.state}: {error.get('detail') or (self.__doc__ or '').strip()}")


class JobFailed(JobUnsuccessful):
    """The job failed."""

    code = "job_failed"


class JobCancelled(JobUnsuccessful):
    """The job was cancelled."""

    code = "job_cancelled"


class JobExpired(JobUnsuccessful):
    """The job did not finish before its deadline."""

    code = "job_expired"


class WaitTimeout(VoicemillError):
    """The job still runs; it goes on without us."""

    code = "wait_timeout"
    retryable = True

    def __init__(self, job: Job, waited_s: float) -> None:
        self.job = job
        super().__init__(f"{job.id} is still {job.state} after {waited_s:g} s; it goes on at the server.")


class CorruptDownload(VoicemillError):
    """The received bytes are not those of the result."""

    code = "corrupt_download"
    retryable = True


class InvalidSignature(VoicemillError):
    """This webhook was not signed with this secret, or its time is more than five minutes off."""

    code = "invalid_signature"


#: HTTP status → the exception that it raises.
ERROR_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: InvalidRequest,
    409: Conflict,
    410: Deleted,
    411: InvalidRequest,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}

#: State of a job that ended without a result → the exception that waiting for it raises.
ERROR_BY_JOB_STATE: Mapping[str, type[JobUnsuccessful]] = {
    "failed": JobFailed,
    "cancelled": JobCancelled,
    "expired": JobExpired,
}
