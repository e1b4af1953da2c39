"""The object storage returns errors, is down, lost objects, or returns other bytes than were stored."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from jobs.retry_policy import ERROR_LIMIT
from jobs.storage.object_keys import job_prefix
from tests.faults.proxy import Proxy
from tests.faults.rig import TENANT, Rig, short_and_long
from tests.services.machine_speed import poll


def _link(s3_server, url: str) -> tuple[Proxy, str]:
    proxy = Proxy(s3_server.port).start()
    return proxy, url.replace(f":{s3_server.port}", f":{proxy.port}")


@short_and_long(6, 1800)
def test_storage_outage_charges_no_attempt_and_fails_no_job(
    tmp_path, postgres_url, redis_url, s3_server, s3_url, times
):
    """Fault: the storage refuses all connections for so many seconds, then one request in three for half as long."""
    proxy, url = _link(s3_server, s3_url)
    try:
        with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url, storage_url=url, objects_url=s3_url) as rig:
            rig.start_workers("cpu", "slow")
            rig.submit(4, chunks=4, seconds=0.3)
            assert poll(lambda: any(job.chunks_done for job in rig.jobs()), deadline_s=30), rig.read_log_tails()
            proxy.refuse()
            proxy.reset_now()
            rig.submit(2, chunks=2, seconds=0.1)  # short texts are accepted all the same
            time.sleep(times)  # the fault itself, not a wait for a state
            assert poll(lambda: proxy.faults.total() >= 10), "no request met the outage"
            proxy.restore()
            proxy.reset_when(lambda block: block.startswith((b"PUT", b"GET")), "up", chance=0.33)
            time.sleep(times / 2)
            proxy.restore()
            rig.count_fault("broken requests to the storage", proxy.faults.total())
            rig.wait_until_ended(90)
            rig.expect_all_succeeded()
            assert not rig.refused
            assert rig.read_charges()["errors"] == 0, "an outage was charged to a chunk"
    finally:
        proxy.stop()


@pytest.mark.parametrize("lost", ["input", "parts"])
def test_job_whose_objects_are_gone_fails_after_bounded_tries(tmp_path, postgres_url, redis_url, s3_url, lost):
    """Fault: the input, or the finished parts, of a running job are deleted in the bucket."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url, storage_url=s3_url) as rig:
        text = rig.make_text(chunks=4, seconds=0.3).ljust(70_000 if lost == "input" else 0)
        rig.start_worker("slow")
        cpu = rig.start_worker("cpu") if lost == "parts" else None
        [job_id] = rig.submit(1, text=text)
        if cpu is not None:
            assert poll(lambda: rig.job(job_id).chunks_done > 0, deadline_s=30), rig.read_log_tails()
            cpu.kill()
            assert poll(lambda: rig.job(job_id).state == "stitching", deadline_s=30), rig.read_log_tails()
        rig.count_fault("deleted objects", rig.storage.delete_prefix(job_prefix(TENANT, job_id) + f"{lost}/"))
        assert rig.faults["deleted objects"] > 0
        neighbour = rig.submit(1, chunks=1, seconds=0.1)
        rig.start_worker("cpu")
        rig.wait_until_ended(120)
        failed = rig.job(job_id)
        assert (failed.state, failed.error.error_class, failed.error.code) == ("failed", "storage", "object_missing")
        assert rig.read_charges()["errors"] == ERROR_LIMIT
        assert rig.job(*neighbour).state == "succeeded"
        rig.expect_invariants()


def test_damaged_parts_are_made_again_and_the_result_is_the_same(tmp_path, postgres_url, redis_url, s3_server, s3_url):
    """Fault: of the finished parts of a job one is deleted in the bucket, and one has a flipped bit."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url, storage_url=s3_url) as rig:
        text = rig.make_text(chunks=4, seconds=0.1)
        rig.start_worker("slow")
        cpu = rig.start_worker("cpu")
        [untouched] = rig.submit(1, text=text)
        rig.wait_until_ended(60)
        [job_id] = rig.submit(1, text=text)
        assert poll(lambda: rig.job(job_id).chunks_done > 0, deadline_s=30), rig.read_log_tails()
        cpu.kill()
        assert poll(lambda: rig.job(job_id).state == "stitching", deadline_s=30), rig.read_log_tails()
        first, *_, last = rig.store.jobs.finished_chunks(job_id)
        place, raw = urlsplit(s3_url), s3_server.client()
        where = {"Bucket": place.netloc, "Key": f"{place.path.strip('/')}/{first.part.key}".lstrip("/")}
        data = bytearray(raw.get_object(**where)["Body"].read())
        data[len(data) // 2] ^= 1
        raw.put_object(**where, Body=bytes(data))
        raw.delete_object(**where | {"Key": where["Key"].removesuffix(first.part.key) + last.part.key})
        raw.close()
        rig.count_fault("damaged parts", 2)
        rig.start_worker("cpu")
        rig.wait_until_ended(120)
        rig.expect_all_succeeded()
        assert rig.count_events("ready", "damaged") == rig.faults["damaged parts"]
        assert rig.result_sha256(job_id) == rig.result_sha256(untouched)
        rig.expect_invariants()


def test_bytes_that_change_on_the_way_never_reach_a_result(tmp_path, postgres_url, redis_url, s3_server, s3_url):
    """Fault: one response in four of the storage has a flipped bit in its body."""
    proxy, url = _link(s3_server, s3_url)
    try:
        with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url, storage_url=url, objects_url=s3_url) as rig:
            rig.start_workers("cpu", "slow")
            proxy.change(_flip_bits_at_random(), "down")
            rig.submit(4, chunks=4, seconds=0.1)
            assert poll(lambda: proxy.faults["changed"] >= 5, deadline_s=60), proxy.faults
            proxy.restore()
            rig.count_fault("changed responses", proxy.faults["changed"])
            rig.wait_until_ended(90)
            rig.expect_all_succeeded()
            assert rig.count_log_lines("CorruptObject") >= 1, "no changed byte was detected"
    finally:
        proxy.stop()


def _flip_bits_at_random(chance: float = 0.25) -> Callable[[bytes], bytes]:
    """Of large blocks alone: a second try of the same bytes may pass."""
    choose = random.Random(13)

    def change(block: bytes) -> bytes:
        if len(block) < 2000 or choose.random() > chance:
            return block
        return block[:-1] + bytes([block[-1] ^ 1])

    return change
