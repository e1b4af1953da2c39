"""The cached rows of the live workers."""

from __future__ import annotations

import pytest

from api.models.live_workers import LiveWorkers
from jobs.errors import StoreUnavailable
from jobs.worker import WorkerInfo, WorkerRow


class Rows:
    """A store that counts, and fails while `error` is set."""

    def __init__(self):
        self.queries, self.error, self.found = 0, None, ["row"]

    def list_live(self, *, within_s):
        self.queries += 1
        if self.error is not None:
            raise self.error
        return self.found


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def copy(clock):
    return LiveWorkers(Rows(), fresh_s=1.0, clock=lambda: clock[0])


def test_rows_are_read_once_a_second(copy, clock):
    for _ in range(10):
        assert list(copy.rows()) == ["row"]
    assert copy._workers.queries == 1
    clock[0] = 1.0
    copy.rows()
    assert copy._workers.queries == 2


def test_failing_database_is_not_queried_by_every_request(copy, clock):
    copy._workers.error = StoreUnavailable()
    for _ in range(10):
        with pytest.raises(StoreUnavailable):
            copy.rows()
    assert copy._workers.queries == 1
    copy._workers.error, clock[0] = None, 1.0
    assert list(copy.rows()) == ["row"]


def test_refresh_reads_at_once(copy):
    copy.rows()
    copy.refresh()
    assert copy._workers.queries == 2
    copy._workers.error = StoreUnavailable()
    copy.refresh()
    with pytest.raises(StoreUnavailable):
        copy.rows()


def test_voices_are_collected_once_for_each_query(copy, clock):
    def row(voice):
        voices = [{"id": voice, "language": "en", "family": "espeak"}]
        return WorkerRow(
            id=voice, queues=[], slots=1, device="cpu", last_seen=0, info=WorkerInfo.from_json({"voices": voices})
        )

    copy._workers.found = [row("b"), row("a")]
    first = copy.voices()
    assert [voice.id for voice in first] == ["a", "b"]
    assert copy.voices() is first
    copy._workers.found, clock[0] = [row("c")], 1.0
    assert [voice.id for voice in copy.voices()] == ["c"]
