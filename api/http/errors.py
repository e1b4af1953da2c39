"""Errors of the web layer; jobs/errors.py and pipelines/errors.py have those of jobs and pipelines.

RequestError
├── Malformed             the request cannot be parsed (400)
│   └── IncompleteBody    the body ended early (400)
├── Unauthenticated       no key, or an unknown one (401)
├── Forbidden             the key or the link does not allow this (403)
├── NoPreview             the voice has no finished preview (404)
├── BodyTooSlow           the body did not arrive in time (408)
├── NoResult              the job ended without a result (409)
├── NotPatchable          the job is not finished speech (409)
│   └── PartsDropped          its parts were deleted after it succeeded
├── NotRetryable          the job did not fail, was not cancelled and has not expired (409)
├── TooLarge              a limit of the request was exceeded (413)
├── UnsupportedMediaType  the route does not read this content type (415)
├── Invalid               invalid fields, each named (422)
├── TooManyTransfers      too many bodies and files are under way (429)
├── RateLimited           the tenant sends more than it may in a minute (429)
└── JobFailed             the job whose audio was requested has none (422 or 500)

The class docstring is the default message. api/http/problems.py turns them into responses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """An invalid field of the request. `field` is a dotted path, `code` is stable."""

    field: str
    code: str
    detail: str


class RequestError(Exception):
    """The request was refused."""

    status = 400
    code = "refused"
    retryable = False

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.detail = detail or (self.__doc__ or "").strip()
        self.code = code or self.code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        super().__init__(self.detail)


class Malformed(RequestError):
    """The request cannot be read."""

    code = "malformed"


class IncompleteBody(Malformed):
    """The body ended before all of it had arrived; send it again."""

    code = "body_cut_off"
    retryable = True


class Unauthenticated(RequestError):
    """Send a key that this server knows as `Authorization: Bearer <key>` or `X-API-Key: <key>`."""

    status = 401
    code = "unauthorized"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="voicemill"'})


class Forbidden(RequestError):
    """This key may not do that."""

    status = 403
    code = "forbidden"


class NoPreview(RequestError):
    """There is no sample of this voice yet; POST to this address makes one."""

    status = 404
    code = "no_preview"


class BodyTooSlow(RequestError):
    """The body arrived too slowly; send it faster."""

    status = 408
    code = "body_too_slow"
    retryable = True


class NoResult(RequestError):
    """The job ended without a result."""

    status = 409
    code = "no_result"


class NotPatchable(RequestError):
    """Only speech that has succeeded can be patched."""

    status = 409
    code = "not_patchable"


class PartsDropped(NotPatchable):
    """This server deletes the parts of a job after it succeeded, so one sentence cannot be made anew alone."""

    code = "parts_dropped"


class NotRetryable(RequestError):
    """Only a job that failed, was cancelled or expired can be retried."""

    status = 409
    code = "not_retryable"


class TooLarge(RequestError):
    """The request is larger than this server takes."""

    status = 413
    code = "too_large"


class UnsupportedMediaType(RequestError):
    """This content type is not one that the route reads."""

    status = 415
    code = "unsupported_media_type"


class Invalid(RequestError):
    """Some fields of the request have to change; see `errors`."""

    status = 422
    code = "invalid"

    @classmethod
    def field(cls, field: str, detail: str, *, code: str = "invalid") -> Invalid:
        """An error about one field."""
        return cls(detail, errors=[FieldError(field, code, detail)])


class TooManyTransfers(RequestError):
    """Too many uploads and downloads are open at once; finish some first."""

    status = 429
    code = "too_many_transfers"
    retryable = True


class RateLimited(RequestError):
    """This tenant has sent as many requests, or submitted as many jobs, as it may in a minute."""

    status = 429
    code = "rate_limited"
    retryable = True


class JobFailed(RequestError):
    """The job failed."""

    code = "job_failed"

    def __init__(self, detail: str, *, status: int, code: str, retryable: bool) -> None:
        super().__init__(detail, code=code)
        self.status = status
        self.retryable = retryable
