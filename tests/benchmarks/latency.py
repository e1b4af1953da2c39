"""The latency of one request on an idle stack."""

from __future__ import annotations

import time

import sqlalchemy as sa

from jobs.sql.tables import chunks, jobs
from tests.benchmarks.deployment import KeepAliveClient, run_deployment
from tests.benchmarks.report import Section, format_range
from tests.faults.rig import Rig


def measure_latency(*, times: int = 40) -> Section:
    """A sentence of ten words, answered in one request."""
    section = Section(
        "One sentence on an idle stack",
        f"{times} requests, one after the other: ten words for `espeak`, `priority: interactive`, `Prefer: wait=30`, "
        "answered with the finished job. Accepted → claimed is from the COMMIT of the job to the lease of its plan, by "
        "the database's clock.",
        ("", "median (lowest–highest), ms"),
    )
    with run_deployment("cpu", "espeak") as rig:
        caller = KeepAliveClient(rig.base_url, rig.headers)
        took = []
        for number in range(times):
            text = f"Number {number} of many: ten plain words, and then silence."
            began = time.monotonic()
            status, job = caller.call(
                "POST",
                "/tts/synthesize",
                {"text": text, "model": "espeak", "priority": "interactive"},
                Prefer="wait=30",
            )
            took.append((time.monotonic() - began) * 1000)
            assert status == 200, job
            assert job["state"] == "succeeded", job
        section.rows += [
            ("accepted → claimed", format_range(_claim_delays(rig)[5:])),
            ("request → finished job", format_range(took[5:])),
        ]
    return section


def _claim_delays(rig: Rig) -> list[float]:
    query = (
        sa.select(chunks.c.started_at - jobs.c.created_at)
        .join(jobs, jobs.c.id == chunks.c.job_id)
        .where(chunks.c.step == "plan")
        .order_by(jobs.c.created_at)
    )
    with rig.store._db.engine.connect() as connection:
        return [float(delay) for delay in connection.scalars(query)]
