"""What can go wrong with jobs, whatever they do.

JobsError
├── NotFound              no such job, file, key … of this tenant
├── Deleted               it was there and was deleted
├── NotFinished           the result was requested while the job runs
├── Conflict
│   ├── IdempotencyInFlight   another request with the same key is being handled
│   └── IdempotencyMismatch   the key was used with another body
├── Unavailable           a dependency is down; retry later
│   ├── StoreUnavailable
│   ├── StorageUnavailable
│   ├── BrokerUnavailable
│   └── OutboundUnavailable   a receiver on the internet does not answer
├── LeaseLost             the fence moved on; stop all side effects
├── InvalidKey            not a name that an object can have
├── CorruptObject         an object's bytes are not those that were written
├── UnsafeAddress         an outbound address that we never connect to
└── Misconfigured         a setting is missing or wrong; names it

The class docstring is the default message.
"""

from __future__ import annotations


class JobsError(Exception):
    """The job could not be handled."""

    code = "jobs_error"
    retryable = False

    def __init__(self, detail: str | None = None, *, field: str | None = None) -> None:
        self.detail = detail or (self.__doc__ or "").strip()
        #: The request field or the setting to correct, where one is the cause.
        self.field = field
        super().__init__(self.detail)


class NotFound(JobsError):
    """There is nothing of that id."""

    code = "not_found"


class Deleted(JobsError):
    """It was deleted."""

    code = "deleted"


class NotFinished(JobsError):
    """The job has not finished yet."""

    code = "not_finished"
    retryable = True


class Conflict(JobsError):
    """The request contradicts an earlier one."""

    code = "conflict"


class IdempotencyInFlight(Conflict):
    """A request with this Idempotency-Key is being handled right now; ask again in a second."""

    code = "idempotency_in_flight"
    retryable = True


class IdempotencyMismatch(Conflict):
    """This Idempotency-Key was used with another body; use a new key."""

    code = "idempotency_mismatch"


class Unavailable(JobsError):
    """A part of the service is down; try again shortly."""

    code = "unavailable"
    retryable = True


class StoreUnavailable(Unavailable):
    """The database does not answer; try again shortly."""

    code = "store_unavailable"


class StorageUnavailable(Unavailable):
    """The object storage does not answer; try again shortly."""

    code = "storage_unavailable"


class BrokerUnavailable(Unavailable):
    """The message broker does not answer."""

    code = "broker_unavailable"


class OutboundUnavailable(Unavailable):
    """The other side does not answer."""

    code = "outbound_unavailable"


class LeaseLost(JobsError):
    """Another attempt holds this chunk now."""

    code = "lease_lost"


class InvalidKey(JobsError):
    """This is not a name that an object can have."""

    code = "invalid_key"


class CorruptObject(JobsError):
    """An object's bytes are not those that were written."""

    code = "corrupt_object"
    retryable = True


class UnsafeAddress(JobsError):
    """This address is not one that we connect to."""

    code = "unsafe_address"


class Misconfigured(JobsError):
    """A setting is missing or wrong."""

    code = "misconfigured"
