"""How much of the machine's speed reaches the caller: end to end, divided by a bare loop over the same chunks."""

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
from tests.benchmarks.deployment import deployment, services
from tests.benchmarks.report import Section, middle, spread
from tests.faults.rig import ROOT, Rig
from tests.services.machine_speed import poll

_PROCESSES = 2


def efficiency(*, rounds: int = 3) -> Section:
    """Book, hour and clips."""
    section = Section(
        "End to end against a bare loop",
        "The bare loop (tests/benchmarks/bare_loop.py) runs the same plan, chunks and stitch in plain processes with "
        f"models loaded, {_PROCESSES} chunks at a time, without queue, database, storage, sandbox or HTTP. End to end "
        "is from the upload to the committed result. Efficiency = seconds of the bare loop ÷ seconds end to end.",
        ("load", "bare loop, s", "end to end, s", "efficiency"),
    )
    with services() as (directory, _, _):
        book = material.long_book(directory / "book.epub", copies=6)
        hour = material.recording(directory / "hour.flac", seconds=3600)
        clips = [material.recording(directory / f"clip{n}.flac", seconds=5) for n in range(200)]
        cases = (
            ("a book of 1 h 45 min (espeak, m4b)", "tts.synthesize", "espeak", [book]),
            ("an hour's recording (tone)", "stt.transcribe", "tone-listener", [hour]),
            ("200 clips of 5 s (tone)", "stt.transcribe", "tone-listener", clips),
        )
        with deployment("cpu", "espeak", "tone", engines=_PROCESSES) as rig:
            for name, kind, model, files in cases:
                bare, whole = [], []
                for _ in range(rounds):
                    bare.append(_bare(kind, model, files))
                    whole.append(_end_to_end(rig, kind, model, files))
                section.rows.append((name, spread(bare, 2), spread(whole, 2), f"{middle(bare) / middle(whole):.2f}"))
    return section


def _bare(kind: str, model: str, files: Sequence[Path]) -> float:
    args = [sys.executable, "-m", "tests.benchmarks.bare_loop", kind, model, "m4b", str(_PROCESSES), *map(str, files)]
    done = subprocess.run(args, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True, capture_output=True)
    return float(done.stdout)


def _end_to_end(rig: Rig, kind: str, model: str, files: Sequence[Path]) -> float:
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda file: submit(rig, kind, model, file), files))
    assert poll(lambda: all(job.state.is_terminal for job in rig.store.states(ids).values()), deadline_s=900)
    took = time.monotonic() - began
    assert all(job.state == "succeeded" for job in rig.store.states(ids).values())
    return took


def submit(rig: Rig, kind: str, model: str, file: Path, **fields: str) -> str:
    """Upload a file as a job; its id."""
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
    """One for all: making a client reads every certificate of the machine, 40 ms of CPU."""
    return httpx.Client(timeout=300)
