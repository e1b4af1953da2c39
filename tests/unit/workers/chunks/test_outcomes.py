"""Decisions on errors of a chunk, as a table."""

import errno

import pytest

from jobs.errors import (
    CorruptObject,
    DiskFull,
    LeaseLost,
    NotFound,
    ObjectMissing,
    StorageUnavailable,
    StoreUnavailable,
)
from jobs.failure import ErrorClass, Failure
from jobs.states import ReleaseReason
from pipelines.errors import UnsupportedOption
from workers.chunks.outcomes import (
    Abandon,
    Cancel,
    ChunkFailed,
    Fail,
    JobStopped,
    PartsDamaged,
    Requeue,
    Withdraw,
    WorkerStopping,
    decide,
)
from workers.engines.engine import EngineDied
from workers.engines.protocol import ProtocolViolation

_BAD_INPUT = ChunkFailed(Failure(ErrorClass.BAD_INPUT, "bad_input", "The text is empty.", field="text"))
_ENGINE_FAILURE = ChunkFailed(Failure(ErrorClass.ENGINE, "engine_failure", "The model failed.", retryable=True))


@pytest.mark.parametrize(
    ("error", "reason", "charge", "solo"),
    [
        (EngineDied("", alone=True), ReleaseReason.CRASH, True, False),
        (EngineDied("", alone=False), ReleaseReason.CRASH, False, True),
        (EngineDied("", alone=True, caused_by_chunk=False), ReleaseReason.INTERRUPT, False, False),
        (EngineDied("", alone=False, caused_by_chunk=False), ReleaseReason.INTERRUPT, False, False),
        (WorkerStopping(), ReleaseReason.INTERRUPT, False, False),
        (StorageUnavailable(), ReleaseReason.SNOOZE, False, False),
        (DiskFull(), ReleaseReason.SNOOZE, False, False),
        (OSError(errno.ENOSPC, "No space left on device"), ReleaseReason.SNOOZE, False, False),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), ReleaseReason.SNOOZE, False, False),
        (_ENGINE_FAILURE, ReleaseReason.RETRY, True, False),
        (CorruptObject(), ReleaseReason.RETRY, True, False),
        (NotFound(), ReleaseReason.RETRY, True, False),
        (ObjectMissing(), ReleaseReason.RETRY, True, False),
        (ProtocolViolation("it sent nonsense"), ReleaseReason.RETRY, True, False),
        (ZeroDivisionError("secret path /root"), ReleaseReason.RETRY, True, False),
    ],
)
def test_a_chunk_is_requeued(error, reason, charge, solo):
    decision = decide(error)
    assert isinstance(decision, Requeue)
    assert (decision.release.reason, decision.release.charge, decision.release.solo) == (reason, charge, solo)


def test_bad_input_fails_for_good_and_names_the_field():
    assert decide(_BAD_INPUT) == Fail(Failure(ErrorClass.BAD_INPUT, "bad_input", "The text is empty.", field="text"))


def test_a_model_that_this_version_does_not_know_fails_for_good():
    decision = decide(UnsupportedOption("Unknown tts model 'x'.", field="model"))
    assert isinstance(decision, Fail)
    assert (decision.failure.code, decision.failure.field) == ("unsupported_option", "model")


@pytest.mark.parametrize("error", [LeaseLost(), StoreUnavailable()])
def test_nothing_is_written_where_that_is_not_allowed_or_not_possible(error):
    assert decide(error) == Abandon()


def test_cancel_ends_the_chunk():
    assert decide(JobStopped()) == Cancel()


@pytest.mark.parametrize("error", [_ENGINE_FAILURE, EngineDied("signal 11", alone=True), CorruptObject(), NotFound()])
def test_what_may_reach_a_limit_carries_the_failure_of_the_job(error):
    decision = decide(error)
    assert isinstance(decision, Requeue)
    assert decision.release.failure is not None


def test_the_text_of_an_unexpected_error_stays_in_our_log():
    decision = decide(ZeroDivisionError("secret path /root"))
    assert isinstance(decision, Requeue)
    assert "secret" not in decision.release.failure.detail


def test_a_missing_object_is_the_failure_of_the_storage():
    decision = decide(ObjectMissing("A stored input of this job is gone."))
    assert isinstance(decision, Requeue)
    assert decision.release.failure == Failure(
        ErrorClass.STORAGE, "object_missing", "A stored input of this job is gone.", retryable=True
    )


def test_damaged_parts_are_withdrawn_and_the_error_of_the_job_names_the_storage():
    decision = decide(PartsDamaged((), ObjectMissing()))
    assert isinstance(decision, Withdraw)
    failure = decision.failure
    assert (failure.error_class, failure.code, failure.retryable) == (ErrorClass.STORAGE, "object_missing", True)
    assert "storage" in failure.detail
