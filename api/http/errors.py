"""Why the web layer itself turns a request away; what jobs and pipelines refuse has their own errors.

Refusal
├── Malformed          the request cannot be read (400)
│   └── CutOff         the body ended before its time (400)
├── Unauthenticated    no key, or none that is known (401)
├── Forbidden          the key or the link does not allow this (403)
├── NoPreview          nobody has asked for a sample of this voice yet (404)
├── NothingToGive      the job ended without a result (409)
├── NothingToPatch     the job made no speech that could be mended (409)
├── NothingToRetry     the job is not in a state to be retried (409)
├── TooLarge           a limit of the request was passed (413)
├── WrongMediaType     not a content type that this route reads (415)
├── Invalid            fields to mend, each named (422)
└── JobFailed          the job that the answer should have come from failed (422 or 500)

The class docstring is the default message. api/http/problems.py turns them into answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """A field of the request that has to change. `field` is a dotted path, `code` is stable."""

    field: str
    code: str
    detail: str


class Refusal(Exception):
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


class Malformed(Refusal):
    """The request cannot be read."""

    code = "malformed"


class CutOff(Malformed):
    """The body ended before all of it had arrived; send it again."""

    code = "body_cut_off"
    retryable = True


class Unauthenticated(Refusal):
    """Send a key that this server knows as `Authorization: Bearer <key>`."""

    status = 401
    code = "unauthorized"


class Forbidden(Refusal):
    """This key may not do that."""

    status = 403
    code = "forbidden"


class NoPreview(Refusal):
    """There is no sample of this voice yet; POST to this address makes one."""

    status = 404
    code = "no_preview"


class NothingToGive(Refusal):
    """The job ended without a result."""

    status = 409
    code = "no_result"


class NothingToPatch(Refusal):
    """Only speech that has succeeded can be patched."""

    status = 409
    code = "not_patchable"


class NothingToRetry(Refusal):
    """Only a job that failed, was cancelled or expired can be retried."""

    status = 409
    code = "not_retryable"


class TooLarge(Refusal):
    """The request is larger than this server takes."""

    status = 413
    code = "too_large"


class WrongMediaType(Refusal):
    """This content type is not one that the route reads."""

    status = 415
    code = "unsupported_media_type"


class Invalid(Refusal):
    """Some fields of the request have to change; see `errors`."""

    status = 422
    code = "invalid"

    @classmethod
    def field(cls, field: str, detail: str, *, code: str = "invalid") -> Invalid:
        """One field to mend."""
        return cls(detail, errors=[FieldError(field, code, detail)])


class JobFailed(Refusal):
    """The job failed."""

    code = "job_failed"

    def __init__(self, detail: str, *, status: int, code: str, retryable: bool) -> None:
        super().__init__(detail, code=code)
        self.status = status
        self.retryable = retryable
