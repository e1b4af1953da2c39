"""The broker loses its data, dies, or delivers duplicated and forged messages. It carries notifications only."""

from __future__ import annotations

import random
import shutil
import time
import uuid

import pytest
import redis

from jobs.dispatch.celery_dispatch import KEY_PREFIX, NOTIFY_TASK
from tests.faults.proxy import Proxy
from tests.faults.rig import Rig, Worker, short_and_long
from tests.services.machine_speed import LoadAwareDeadline, poll
from tests.services.redis import RedisServer
from workers.celery_app import make_app


@pytest.fixture
def own_redis(tmp_path):
    """A Redis that the test may kill."""
    directory = tmp_path / "redis"
    directory.mkdir()
    server = RedisServer(directory).start()
    yield server
    server.stop()
    shutil.rmtree(directory, ignore_errors=True)


@short_and_long(6, 30)
def test_flushed_broker_loses_no_job(tmp_path, postgres_url, own_redis, times):
    """Fault: repeated FLUSHALL while jobs are submitted and wait; connections stay open."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=own_redis.url) as rig:
        rig.start_workers("cpu", "slow")
        for _ in range(times):
            rig.submit(2, chunks=4, seconds=0.3)
            own_redis.flush()
            rig.count_fault("FLUSHALL")
        rig.wait_until_ended(60 + 5 * times)
        rig.expect_all_succeeded()
        latencies_ms = sorted(job.finished_at - job.created_at for job in rig.jobs())
        p95_ms = latencies_ms[int(0.95 * (len(latencies_ms) - 1))]
        rig.note = f"accepted to finished: p95 {p95_ms / 1000:.1f} s"


@short_and_long(2, 20)
def test_every_worker_claims_again_after_the_broker_was_killed(tmp_path, postgres_url, own_redis, times):
    """Fault: kill -9 of Redis, which then starts empty; no worker is restarted."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=own_redis.url) as rig:
        workers = rig.start_workers("cpu", "slow", "slow")
        for _ in range(times):
            rig.submit(2, chunks=4, seconds=0.3)
            own_redis.kill()
            rig.count_fault("kill -9 of Redis")
            rig.submit(2, chunks=2, seconds=0.2)  # accepted while there is no broker at all
            own_redis.start()
            _expect_claims_again(rig, workers)
        rig.wait_until_ended(120)
        rig.expect_all_succeeded()
        assert not rig.refused, "the API refused jobs because of the broker"
        assert all(worker.is_alive for worker in workers)


@short_and_long(8, 3600)
def test_jobs_are_accepted_and_kept_while_the_broker_is_absent(tmp_path, postgres_url, own_redis, times):
    """Fault: no Redis for so many seconds while jobs are submitted; then it starts."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=own_redis.url) as rig:
        workers = rig.start_workers("cpu", "slow")
        rig.submit(2, chunks=6, seconds=0.5)
        assert poll(lambda: any(job.chunks_done for job in rig.jobs()), deadline_s=60)
        own_redis.kill()
        rig.count_fault("seconds without Redis", times)
        rig.submit(8, chunks=2, seconds=0.1)
        time.sleep(times)  # the fault itself, not a wait for a state
        assert not rig.refused
        own_redis.start()
        _expect_claims_again(rig, workers)
        rig.wait_until_ended(120)
        rig.expect_all_succeeded()


@short_and_long(3, 600)
def test_workers_find_a_broker_whose_link_was_half_open(tmp_path, postgres_url, own_redis, times):
    """Fault: all bytes to and from Redis are lost for so many seconds, without RST, while jobs are submitted."""
    proxy = Proxy(own_redis.port).start()
    url = own_redis.url.replace(f":{own_redis.port}/", f":{proxy.port}/")
    try:
        with Rig(tmp_path, database_url=postgres_url, broker_url=url) as rig:
            workers = rig.start_workers("cpu", "slow")
            rig.submit(1, chunks=2, seconds=0.1)
            rig.wait_until_ended(60)
            proxy.drop()
            rig.submit(4, chunks=3, seconds=0.1)  # times out if the API waits for the broker
            time.sleep(times)  # the fault itself, not a wait for a state
            proxy.restore()
            rig.count_fault("blocks dropped", proxy.faults["dropped"])
            _expect_claims_again(rig, workers)
            rig.wait_until_ended(60)
            rig.expect_all_succeeded()
            assert rig.faults["blocks dropped"] >= 2
            assert not rig.refused
            assert all(worker.is_alive for worker in workers)
    finally:
        proxy.stop()


def _expect_claims_again(rig: Rig, workers: list[Worker]) -> None:
    """Every worker finishes a chunk within a minute (of an idle machine); there is always a chunk to claim."""
    before = {worker.pid: worker.log.read_text().count("chunk_succeeded") for worker in workers}
    started, limit = time.monotonic(), LoadAwareDeadline(60)

    def without_claim() -> list[Worker]:
        return [each for each in workers if each.log.read_text().count("chunk_succeeded") == before[each.pid]]

    while without_claim():
        assert not limit.has_expired(), f"no claim by {[each.log.name for each in without_claim()]}"
        if all(job.state.is_terminal for job in rig.jobs()):
            rig.submit(1, chunks=10, seconds=0.2)
        time.sleep(0.2)
    rig.note = f"every worker finished a chunk after {time.monotonic() - started:.1f} s"


@short_and_long(8, 600)
def test_doubled_replayed_and_forged_notifications_change_nothing(tmp_path, postgres_url, redis_url, times):
    """Fault: notifications in triplicate, at random times, with valid, malformed and unknown ids and queues."""
    choose = random.Random(3)
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_workers("cpu", "slow")
        rig.submit(6, chunks=4, seconds=0.2)
        app = make_app(redis_url, ["cpu", "tts.slow"])
        with app.connection_for_write() as connection:
            while rig.faults.get("forged notifications", 0) < 30 * times:
                job_id = choose.choice(
                    [job.id for job in rig.jobs()] + [f"job_{uuid.uuid4().hex}", "'; DROP TABLE jobs", ""]
                )
                queue = choose.choice(["cpu", "tts.slow"])
                claimed_queue = choose.choice([queue, "cpu", "tts.slow", "webhook", "no.such.queue"])
                for _ in range(3):
                    app.send_task(NOTIFY_TASK, args=[claimed_queue, job_id], queue=queue, connection=connection)
                    rig.count_fault("forged notifications")
                time.sleep(choose.uniform(0, 0.05))
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()
        with redis.Redis.from_url(redis_url) as client:
            assert poll(lambda: not client.llen(f"{KEY_PREFIX}tts.slow"), deadline_s=30), (
                "notifications are left in the queue"
            )
