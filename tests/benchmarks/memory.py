"""Resident memory of each process while jobs of very different length run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.benchmarks import material
from tests.benchmarks.deployment import run_deployment
from tests.benchmarks.efficiency import upload_job
from tests.benchmarks.report import Section
from tests.faults.rig import Rig
from tests.services.machine_speed import poll

_ROLES = {
    "workers.engines.child": "engine",
    "workers.sandbox.fork_server": "sandbox",
    "workers.controller": "controller",
    "granian": "API",
}


class MemorySampler(threading.Thread):
    """Samples all processes of the rig five times a second and keeps the peak by role, in MB."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(daemon=True)
        self._rig, self._closing = rig, threading.Event()
        self.peak_mb: dict[str, float] = {}

    def run(self) -> None:
        while not self._closing.wait(0.2):
            for process in psutil.Process().children(recursive=True):
                try:
                    words = " ".join(process.cmdline())
                    role = next((role for name, role in _ROLES.items() if name in words), None)
                    if role is not None:
                        peak = process.memory_info().rss / 1e6
                        self.peak_mb[role] = max(peak, self.peak_mb.get(role, 0.0))
                except psutil.NoSuchProcess:
                    continue

    def stop(self) -> dict[str, float]:
        self._closing.set()
        self.join()
        return self.peak_mb


def measure_memory() -> Section:
    """Audio of 1 min, 1 h and 10 h with `tone-listener`; 2 million words with `tone`."""
    section = Section(
        "Peak resident memory by process, MB",
        "Sampled five times a second during the whole job; shared pages are counted in full for every process. "
        "2 million words are read, planned, cut into chunks and spoken for a minute; the job is then cancelled, since "
        "a fortnight's audio would only fill the disk.",
        ("load", *_ROLES.values()),
    )
    with run_deployment("cpu", "tone", engines=1) as rig:
        for name, seconds in (("1 min of audio", 60), ("1 h of audio", 3600), ("10 h of audio", 36_000)):
            path = material.make_recording(rig.directory / "audio.flac", seconds=seconds)
            section.rows.append((name, *_peaks(rig, path, "stt.transcribe", "tone-listener", _has_ended)))
        text = rig.directory / "long.txt"
        text.write_text(material.make_text(2_000_000))
        section.rows.append(("2 million words", *_peaks(rig, text, "tts.synthesize", "tone", _has_worked_for_a_while)))
    return section


def _peaks(rig: Rig, path: Path, kind: str, model: str, has_ended: Callable[[Rig, str], bool]) -> list[str]:
    watch = MemorySampler(rig)
    watch.start()
    job_id = (
        upload_job(rig, kind, model, path, format="wav")
        if kind.startswith("tts")
        else upload_job(rig, kind, model, path)
    )
    assert poll(lambda: has_ended(rig, job_id), deadline_s=900, every_s=0.2), rig.job(job_id)
    rig.store.jobs.cancel("local", job_id)
    assert poll(lambda: _has_ended(rig, job_id), deadline_s=60)
    peaks = watch.stop()
    return [f"{peaks.get(role, 0.0):.0f}" for role in _ROLES.values()]


def _has_ended(rig: Rig, job_id: str) -> bool:
    return rig.job(job_id).state.is_terminal


def _has_worked_for_a_while(rig: Rig, job_id: str) -> bool:
    job = rig.job(job_id)
    return job.state.is_terminal or job.chunks_done >= 200
