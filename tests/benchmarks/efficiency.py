"""The overhead of the platform: jobs end to end, compared with a bare loop over the same chunks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import httpx

from tests.benchmarks import material
from tests.benchmarks.deployment import run_deployment, run_services
from tests.benchmarks.report import Section, format_range, median
from tests.faults.rig import ROOT, Rig
from tests.services.machine_speed import poll

_PROCESSES = 2


def measure_efficiency(*, rounds: int = 3) -> Section:
    """A book, an hour's recording and short clips."""
    section = Section(
        "End to end against a bare loop",
        "The bare loop (tests/benchmarks/bare_loop.py) runs the same plan, chunks and stitch in plain processes with "
        f"models loaded, {_PROCESSES} chunks at a time, without queue, database, storage, sandbox or HTTP. End to end "
        "is from the upload to the committed result. Efficiency = seconds of the bare loop ÷ seconds end to end.",
        ("load", "bare loop, s", "end to end, s", "efficiency"),
    )
    with run_services() as (directory, _, _):
        book = material.make_book(directory / "book.epub", copies=6)
        hour = material.make_recording(directory / "hour.flac", seconds=3600)
        clips = [material.make_recording(directory / f"clip{n}.flac", seconds=5) for n in range(200)]
        cases = (
            ("a book of 1 h 45 min (espeak, m4b)", "tts.synthesize", "espeak", [book]),
            ("an hour's recording (tone)", "stt.transcribe", "tone-listener", [hour]),
            ("200 clips of 5 s (tone)", "stt.transcribe", "tone-listener", clips),
        )
        with run_deployment("cpu", "espeak", "tone", engines=_PROCESSES) as rig:
            for name, kind, model, files in cases:
                bare, whole = [], []
                for _ in range(rounds):
                    bare.append(_bare(kind, model, files))
                    whole.append(_end_to_end(rig, kind, model, files))
                section.rows.append(
                    (name, format_range(bare, 2), format_range(whole, 2), f"{median(bare) / median(whole):.2f}")
                )
    return section


def _bare(kind: str, model: str, files: Sequence[Path]) -> float:
    args = [sys.executable, "-m", "tests.benchmarks.bare_loop", kind, model, "m4b", str(_PROCESSES), *map(str, files)]
    done = subprocess.run(args, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True, capture_output=True)
    return float(done.stdout)


def _end_to_end(rig: Rig, kind: str, model: str, files: Sequence[Path]) -> float:
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda file: upload_job(rig, kind, model, file), files))
    assert poll(lambda: all(job.state.is_terminal for job in rig.store.jobs.get_many(ids).values()), deadline_s=900)
    took = time.monotonic() - began
    assert all(job.state == "succeeded" for job in rig.store.jobs.get_many(ids).values())
    return took


def upload_job(rig: Rig, kind: str, model: str, file: Path, **fields: str) -> str:
    """Upload a file as a job; returns its id."""
    path, form = (
        ("/tts/synthesize", {"format": "m4b"}) if kind.startswith("tts") else ("/stt/transcribe", {"language": "en"})
    )
    with file.open("rb") as stream:
        answer = _client().post(
            rig.base_url + path,
            headers=rig.headers,
            data={**form, "model": model, **fields},
            files={"file": (file.name, stream)},
        )
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


@cache
def _client() -> httpx.Client:
    """A shared client: creating one loads all CA certificates, 40 ms of CPU time."""
    return httpx.Client(timeout=300)
