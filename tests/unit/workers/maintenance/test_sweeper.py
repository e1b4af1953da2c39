"""One pass of the sweeper: who rescues, which queues are notified, what is deleted in which order."""

from types import SimpleNamespace

import pytest

from jobs.errors import StoreUnavailable
from jobs.store import SweepResult
from jobs.stored_object import StoredBytes
from jobs.worker_counters import EXPIRED_JOBS, RESCUES, WorkerCounters
from workers.maintenance.sweeper import Sweeper


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Record:
    """A maintenance port that answers as the test says and notes what it was asked for."""

    def __init__(self):
        self.leads = True
        self.now = 1_000_000
        self.rescuing = []
        self.notifications = {}
        self.due = []
        self.purged = []
        self.without_parts = []
        self.parts_deleted = []
        self.violations = {"01_x": [], "02_y": [{"id": 1}, {"id": 2}]}

    def acquire_leadership(self, name, holder, *, term_ms):
        return self.leads

    def resign(self, name, holder):
        self.leads = False

    def now_ms(self):
        return self.now

    def sweep(self, *, may_rescue, limit=200):
        self.rescuing.append(may_rescue)
        return SweepResult(notifications=self.notifications)

    def due_for_purge(self, limit=50):
        return self.due

    def purge(self, job_id):
        self.purged.append(job_id)

    def due_for_part_deletion(self, limit=50):
        return [job for job in self.without_parts if job.id not in self.parts_deleted]

    def record_parts_deleted(self, job_id):
        self.parts_deleted.append(job_id)

    def audit(self):
        return self.violations

    def bring_forward(self):
        return 0

    def stored_bytes(self):
        return StoredBytes(self.now, {"input": 7})

    def installation_id(self):
        return "inst"


class Objects:
    """A storage that knows whose it is and notes what is deleted."""

    def __init__(self):
        self.owner = b"inst"
        self.deleted = []
        self.discarded = []

    def discard_stale_uploads(self, *, older_than_s):
        self.discarded.append(older_than_s)
        return 1

    def read(self, key, *, offset=0, length=None, block=1 << 20):
        return iter([self.owner])

    def delete_prefix(self, prefix):
        self.deleted.append(prefix)
        return 1


class RecordingDispatch:
    def __init__(self):
        self.notified = []

    def notify(self, queue, *, job_id="", step=None, count=1):
        self.notified.append((queue, count))


@pytest.fixture
def record():
    return Record()


@pytest.fixture
def objects():
    return Objects()


@pytest.fixture
def dispatch():
    return RecordingDispatch()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sweeper(record, objects, dispatch, clock):
    return Sweeper(record, objects, dispatch, "i:h:cpu:1", every_s=2, trust_s=90, clock=clock)


def passes(sweeper, record, seconds, every_s=2):
    for _ in range(0, seconds, every_s):
        record.now += every_s * 1000
        sweeper.sweep()


def test_it_rescues_only_after_ninety_seconds_without_a_gap(sweeper, record):
    passes(sweeper, record, 90)
    assert not any(record.rescuing)
    passes(sweeper, record, 4)
    assert record.rescuing[-1]


def test_uploads_of_killed_processes_are_discarded_every_hour(sweeper, objects, clock):
    sweeper.sweep()
    assert objects.discarded == []
    for _ in range(2):
        clock.now += 3600
        sweeper.sweep()
    assert objects.discarded == [48 * 3600] * 2


def test_uploads_in_the_storage_of_another_installation_are_kept(sweeper, objects, clock):
    objects.owner = b"other"
    clock.now += 3600
    sweeper.sweep()
    assert objects.discarded == []


def test_a_gap_begins_the_ninety_seconds_anew(sweeper, record):
    passes(sweeper, record, 94)
    record.now += 30_000
    sweeper.sweep()
    assert not record.rescuing[-1]


def test_a_pass_that_failed_is_no_pass(sweeper, record):
    passes(sweeper, record, 94)

    def gone():
        raise StoreUnavailable

    answering, record.now_ms = record.now_ms, gone
    with pytest.raises(StoreUnavailable):
        sweeper.sweep()
    record.now += 30_000
    record.now_ms = answering
    passes(sweeper, record, 2)
    assert not record.rescuing[-1]


def test_who_does_not_lead_watches_and_can_take_over_at_once(sweeper, record):
    record.leads = False
    passes(sweeper, record, 94)
    assert record.rescuing == []
    record.leads = True
    passes(sweeper, record, 2)
    assert record.rescuing == [True]


def test_it_notifies_for_work_that_nobody_claimed(sweeper, record, dispatch):
    record.notifications = {"cpu": 2, "tts.tone": 5}
    sweeper.sweep()
    assert sorted(dispatch.notified) == [("cpu", 2), ("tts.tone", 5)]


def test_objects_go_before_the_row_is_blanked(sweeper, record, objects):
    record.due = [SimpleNamespace(tenant_id="t", id="job_1")]
    order = []
    objects.delete_prefix = lambda prefix: order.append(prefix) or 1
    record.purge = lambda job_id: order.append(job_id)
    sweeper.sweep()
    assert order == ["jobs/t/job_1/", "job_1"]


def test_a_backlog_of_deletions_is_spread_over_passes_without_a_pause(sweeper, record, clock):
    waiting = [SimpleNamespace(tenant_id="t", id=f"job_{n}") for n in range(640)]
    record.due_for_purge = lambda limit=50: [job for job in waiting if job.id not in record.purged][:limit]

    def purge(job_id):
        record.purged.append(job_id)
        clock.now += 1 / 64

    record.purge = purge
    done = []
    while len(record.purged) < len(waiting):
        sweeper.sweep()
        done.append(len(record.purged))
        clock.now += 2
    assert done == [128, 256, 384, 512, 640]
    waiting.append(SimpleNamespace(tenant_id="t", id="job_new"))
    sweeper.sweep()
    assert "job_new" in record.purged, "the last pass had not looked whether there is more"


def test_a_job_that_stays_due_is_not_deleted_again_in_the_same_pass(sweeper, record):
    record.due = [SimpleNamespace(tenant_id="t", id="job_1")]
    sweeper.sweep()
    assert record.purged == ["job_1"]


def test_a_storage_that_is_anothers_keeps_everything(sweeper, record, objects):
    objects.owner = b"another"
    record.due = [SimpleNamespace(tenant_id="t", id="job_1")]
    sweeper.sweep()
    assert objects.deleted == []
    assert record.purged == []


def test_the_latest_audit_is_kept_as_numbers(sweeper, clock):
    assert sweeper.audit == {}
    clock.now += 61
    sweeper.sweep()
    assert sweeper.audit == {"01_x": 0, "02_y": 2}


def test_the_sizes_of_objects_are_added_up_with_each_audit(sweeper, record, clock):
    sweeper.sweep()
    assert sweeper.stored is None
    clock.now += 61
    sweeper.sweep()
    assert sweeper.stored == StoredBytes(record.now, {"input": 7})


def test_only_the_leader_audits(sweeper, record, clock):
    record.leads = False
    clock.now += 61
    sweeper.sweep()
    assert sweeper.audit == {}


def test_closing_lets_another_lead_at_once(sweeper, record):
    sweeper.start()
    sweeper.close()
    assert not record.leads


def test_what_it_rescued_and_expired_is_counted(record, objects, dispatch, clock):
    counters = WorkerCounters()
    record.sweep = lambda **_: SweepResult(rescued=3, expired=1)
    sweeper = Sweeper(record, objects, dispatch, "i:h:cpu:1", every_s=2, trust_s=90, counters=counters, clock=clock)
    passes(sweeper, record, 4)
    found = {each.name: each.value for each in counters.values()}
    assert found == {RESCUES.name: 6, EXPIRED_JOBS.name: 2}


def test_dropped_parts_are_deleted_and_nothing_else_of_the_job(sweeper, record, objects):
    record.without_parts = [SimpleNamespace(id="job_1", tenant_id="t"), SimpleNamespace(id="job_2", tenant_id="u")]
    sweeper.sweep()
    assert objects.deleted == [
        "jobs/t/job_1/parts/",
        "jobs/t/job_1/plan/",
        "jobs/u/job_2/parts/",
        "jobs/u/job_2/plan/",
    ]
    assert record.parts_deleted == ["job_1", "job_2"]


def test_dropped_parts_in_the_storage_of_another_installation_stay(sweeper, record, objects):
    record.without_parts, objects.owner = [SimpleNamespace(id="job_1", tenant_id="t")], b"other"
    sweeper.sweep()
    assert (objects.deleted, record.parts_deleted) == ([], [])
