"""What can go wrong with jobs, whatever they do.

JobsError
├── NotFound              no such job, file, key … of this tenant
│   └── ObjectMissing         the storage answers and lacks an object that the record names
├── Deleted               it was there and was deleted
├── NotFinished           the result was requested while the job runs
├── Conflict
│   ├── IdempotencyInFlight   another request with the same key is being handled
│   └── IdempotencyMismatch   the key was used with another body
├── Unavailable           a dependency is down; retry later
│   ├── StoreUnavailable
│   │   └── NotMigrated       the database lacks tables of this version
│   ├── StorageUnavailable
│   │   ├── DiskFull          no room for the files of a chunk
│   │   ├── AccessRefused     the storage answers and does not let us read an object
│   │   └── BucketMissing
│   ├── BrokerUnavailable
│   ├── NoWorker              no worker of the kind was seen for a day
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
    #: What an operator can do, for programs on the server; callers of the API are not told.
    advice = ""

    def __init__(self, detail: str | None = None, *, field: str | None = None) -> None:
        self.detail = detail or (self.__doc__ or "").strip()
        #: The request field or the setting to correct, where one is the cause.
        self.field = field
        super().__init__(self.detail)

    def for_operator(self) -> str:
        """The detail and the advice, in one line."""
        return f"{self.detail} {self.advice}".strip()


class NotFound(JobsError):
    """There is nothing of that id."""

    code = "not_found"


class ObjectMissing(NotFound):
    """A stored object of this job is gone."""

    code = "object_missing"


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
    #: Seconds after which a retry makes sense.
    retry_after_s = 1


class StoreUnavailable(Unavailable):
    """The database does not answer; try again shortly."""

    code = "store_unavailable"


class NotMigrated(StoreUnavailable):
    """The database is not prepared for this version of the server."""

    code = "not_migrated"
    advice = "Run `voicemill migrate` first."


class StorageUnavailable(Unavailable):
    """The object storage does not answer; try again shortly."""

    code = "storage_unavailable"


class DiskFull(StorageUnavailable):
    """The disk of a worker is full; free some space, or give it more."""

    code = "disk_full"


class AccessRefused(StorageUnavailable):
    """The object storage refuses access to an object; some do so for one that does not exist."""

    code = "storage_access_refused"


class BucketMissing(StorageUnavailable):
    """The object storage has no bucket of the configured name."""

    code = "bucket_missing"
    advice = "Create it, or correct VOICEMILL_STORAGE_URL."


class BrokerUnavailable(Unavailable):
    """The message broker does not answer."""

    code = "broker_unavailable"


class NoWorker(Unavailable):
    """No worker that could do this was seen for a day; try again later, or tell the operator of this server."""

    code = "no_worker"
    retry_after_s = 120


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
