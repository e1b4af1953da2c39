"""One and two worker machines that share Postgres, Redis and a bucket."""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.benchmarks import material
from tests.benchmarks.deployment import run_deployment
from tests.benchmarks.efficiency import upload_job
from tests.benchmarks.report import Section, format_range, median
from tests.faults.rig import Rig, Worker
from tests.services.machine_speed import poll
from tests.services.s3 import CREDENTIALS, S3Server


def measure_scale_out(*, rounds: int = 3) -> Section:
    """A book of 1 h 45 min; each machine has a data directory of its own and one core."""
    section = Section(
        "One and two worker machines",
        "A machine is a data directory, a cpu worker and an espeak worker pinned to one core; both share Postgres, "
        "Redis and an S3 bucket (moto), which run on the same two cores and cost the second machine a part of its own. "
        "Work is from the first claim of a work chunk to the last part; plan and stitch run on one core anyway.",
        ("machines", "work, s", "whole job, s"),
    )
    os.environ.update(CREDENTIALS)
    with TemporaryDirectory() as name:
        server = S3Server(Path(name)).start()
        try:
            with run_deployment(storage_url=server.url(server.create_bucket())) as rig:
                book = material.make_book(Path(name) / "book.epub", copies=12)
                first = _start_machine(rig, "one", core=0)
                alone = [_time_job(rig, book) for _ in range(rounds)]
                second = _start_machine(rig, "two", core=1)
                together = [_time_job(rig, book) for _ in range(rounds)]
                for worker in (*first, *second):
                    worker.stop()
        finally:
            server.stop()
    for count, runs in ((1, alone), (2, together)):
        section.rows.append(
            (count, format_range([work for work, _ in runs], 1), format_range([whole for _, whole in runs], 1))
        )
    ratio = median([work for work, _ in together]) / median([work for work, _ in alone])
    whole = median([whole for _, whole in together]) / median([whole for _, whole in alone])
    section.reading = f"Two machines need {ratio:.2f} of the time of one for the work, {whole:.2f} for the whole job."
    return section


def _start_machine(rig: Rig, name: str, *, core: int) -> list[Worker]:
    directory = rig.directory / f"machine-{name}"
    directory.mkdir()
    workers = [
        rig.start_worker(family, environment={"VOICEMILL_DATA_DIR": str(directory)}) for family in ("cpu", "espeak")
    ]
    for worker in workers:
        for process in (psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)):
            process.cpu_affinity([core])
    return workers


def _time_job(rig: Rig, book: Path) -> tuple[float, float]:
    began = time.monotonic()
    job_id = upload_job(rig, "tts.synthesize", "espeak", book, format="opus")
    assert poll(lambda: rig.job(job_id).state in ("running", "stitching", "succeeded"), deadline_s=120, every_s=0.01)
    working = time.monotonic()
    assert poll(lambda: rig.job(job_id).state in ("stitching", "succeeded"), deadline_s=600, every_s=0.02)
    worked = time.monotonic()
    assert poll(lambda: rig.job(job_id).state == "succeeded", deadline_s=600)
    return worked - working, time.monotonic() - began
