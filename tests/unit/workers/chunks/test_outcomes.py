"""The table of what becomes of a chunk."""

import pytest

from jobs.errors import CorruptObject, LeaseLost, NotFound, StorageUnavailable, StoreUnavailable
from jobs.states import ReleaseReason
from pipelines.errors import UnsupportedOption
from workers.chunks.outcomes import ChunkFailed, Drop, End, Fail, GiveBack, Interrupted, Misbehaved, Stopped, decide
from workers.engines.engine import EngineDied

_BAD = ChunkFailed("The text is empty.", error_class="bad_input", code="bad_input", field="text")
_TIRED = ChunkFailed("The model stumbled.", error_class="engine", code="engine_failure", retryable=True)


@pytest.mark.parametrize(
    ("error", "reason", "charge", "solo"),
    [
        (EngineDied("", alone=True), ReleaseReason.CRASH, True, False),
        (EngineDied("", alone=False), ReleaseReason.CRASH, False, True),
        (EngineDied("", alone=True, to_blame=False), ReleaseReason.INTERRUPT, False, False),
        (EngineDied("", alone=False, to_blame=False), ReleaseReason.INTERRUPT, False, False),
        (Interrupted(), ReleaseReason.INTERRUPT, False, False),
        (StorageUnavailable(), ReleaseReason.SNOOZE, False, False),
        (_TIRED, ReleaseReason.RETRY, True, False),
        (CorruptObject(), ReleaseReason.RETRY, True, False),
        (NotFound(), ReleaseReason.RETRY, True, False),
        (Misbehaved("it sent nonsense"), ReleaseReason.RETRY, True, False),
        (ZeroDivisionError("secret path /root"), ReleaseReason.RETRY, True, False),
    ],
)
def test_a_chunk_goes_back(error, reason, charge, solo):
    decision = decide(error)
    assert isinstance(decision, GiveBack)
    assert (decision.release.reason, decision.release.charge, decision.release.solo) == (reason, charge, solo)


def test_bad_input_fails_for_good_and_names_the_field():
    assert decide(_BAD) == Fail(
        {"class": "bad_input", "code": "bad_input", "detail": "The text is empty.", "retryable": False, "field": "text"}
    )


def test_a_model_that_this_version_does_not_know_fails_for_good():
    decision = decide(UnsupportedOption("Unknown tts model 'x'.", field="model"))
    assert isinstance(decision, Fail)
    assert decision.error["code"] == "unsupported_option"


@pytest.mark.parametrize("error", [LeaseLost(), StoreUnavailable()])
def test_nothing_is_written_where_nothing_may_be_or_nobody_listens(error):
    assert decide(error) == Drop()


def test_cancel_ends_the_chunk():
    assert decide(Stopped()) == End()


@pytest.mark.parametrize("error", [_TIRED, EngineDied("signal 11", alone=True), CorruptObject(), NotFound()])
def test_what_may_reach_a_limit_says_what_the_job_then_failed_of(error):
    decision = decide(error)
    assert isinstance(decision, GiveBack)
    assert {"class", "code", "detail", "retryable"} <= decision.release.error.keys()


def test_the_text_of_an_unforeseen_error_stays_in_our_log():
    decision = decide(ZeroDivisionError("secret path /root"))
    assert isinstance(decision, GiveBack)
    assert "secret" not in decision.release.error["detail"]
