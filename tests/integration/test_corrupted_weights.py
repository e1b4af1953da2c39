"""Damaged weights meet a real worker: the job fails, the log names the file, the worker goes on with the next.

The checkpoints are small and random, in the published layouts. Celery, Redis, the sandbox and the engine are real.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from jobs.job import Job, NewJob
from jobs.settings import Settings
from jobs.storage.object_keys import input_key
from migrations import upgrade
from pipelines.catalog.catalog import Catalog
from pipelines.requests import parse
from tests.audio_factories import load_jfk, make_wav_bytes
from tests.services.machine_speed import poll
from tests.services.process import Child
from tests.speech_checkpoints import write_vits
from tests.whisper_ctranslate2_checkpoint import write_ctranslate2_whisper
from tests.whisper_huggingface_checkpoint import write_huggingface_whisper
from workers.wiring import WorkerServices, wire

ROOT = Path(__file__).parents[2]
TENANT = "t"
#: Fields of a catalogue entry that a table of models.toml repeats.
REPEATED = ("kind", "family", "target", "voices_target", "sample_rate_hz", "speed")


@dataclass
class Workshop:
    """A cpu worker and one of a family, with models of that family by name."""

    directory: Path
    services: WorkerServices
    broker_url: str
    workers: list[Child] = field(default_factory=list)

    def name_models(self, like: str, folders: Mapping[str, Path]) -> None:
        """Write models.toml: entries as the catalogue's `like`, each with another folder."""
        entry = Catalog().named(like)
        tables = []
        for name, folder in folders.items():
            told = {
                "name": name,
                "source": str(folder),
                **{key: getattr(entry, key) for key in REPEATED if hasattr(entry, key)},
            }
            told |= {"engines": list(entry.engines), "languages": ["en"], "threads": 1}
            lines = [f"{key} = {json.dumps(value)}" for key, value in told.items() if value is not None]
            tables.append("\n".join(["[[model]]", *lines]))
        (self.directory / "models.toml").write_text("\n\n".join(tables) + "\n")

    def start(self, *arguments: str) -> Child:
        log = self.directory / f"worker-{len(self.workers)}.log"
        environment = {
            "VOICEMILL_DATA_DIR": str(self.directory),
            "VOICEMILL_BROKER_URL": self.broker_url,
            "VOICEMILL_GRACE_S": "0.5",
            "VOICEMILL_RETRY_BASE_S": "0.1",
            "VOICEMILL_SWEEP_S": "0.2",
            "XDG_CACHE_HOME": str(self.directory / "cache"),
        }
        command = [sys.executable, "-m", "workers.controller", "--engines", "1", *arguments]
        worker = Child(command, log=log, cwd=ROOT, env=environment)
        self.workers.append(worker)
        worker.wait_ready(lambda: b"worker_ready" in log.read_bytes(), deadline_s=90)
        return worker

    def ended(self, kind: str, params: Mapping[str, Any], source: bytes | None = None) -> Job:
        """Submit a job and wait for its end."""
        job_id, stored = f"job_{uuid.uuid4().hex}", {}
        if source is not None:
            part = self.services.storage.put_bytes(input_key(TENANT, job_id, "upload"), source)
            stored = {"input_key": part.key, "input_sha256": part.sha256, "input_bytes": part.bytes}
        request = parse(kind, params)
        new = NewJob(TENANT, kind, request.model, request.model_dump(mode="json"), id=job_id, **stored)
        job = self.services.store.jobs.submit(new).job
        self.services.dispatch.notify("cpu")
        assert poll(
            lambda: self.services.store.jobs.get(TENANT, job.id).state in ("succeeded", "failed"), deadline_s=60
        )
        return self.services.store.jobs.get(TENANT, job.id)

    def told(self, failed: Job) -> str:
        """What the log of the family's worker says about a failed job, and the job's own error."""
        assert failed.error is not None
        lines = (self.directory / "worker-1.log").read_text().splitlines()
        return "\n".join([failed.error.detail, *(line for line in lines if failed.id in line)])


@pytest.fixture
def workshop(tmp_path: Path, redis_url: str) -> Iterator[Workshop]:
    settings = Settings(data_dir=tmp_path, broker_url=redis_url, retry_base_s=0.1)
    upgrade(settings.resolved_database_url())
    services = wire(settings)
    services.store.keys.ensure_tenant(TENANT)
    made = Workshop(tmp_path, services, redis_url)
    yield made
    for worker in made.workers:
        worker.stop(grace_s=60)
    services.dispatch.close()
    services.store.close()


def engine_of(worker: Child) -> int:
    """The process that holds the models."""
    (engine,) = [
        child
        for child in psutil.Process(worker.pid).children(recursive=True)
        if "workers.engines.child" in child.cmdline()
    ]
    return engine.pid


# -- damage ------------------------------------------------------------------------------------------------------------
def halved(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the tensors of a safetensors file."""
    from safetensors.numpy import load_file, save_file

    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, {"format": "pt"})


def without_numbers(tensors: dict[str, Any]) -> None:
    for name, tensor in tensors.items():
        tensors[name] = np.full_like(tensor, np.nan)


def too_large(tensors: dict[str, Any]) -> None:
    """Numbers, but none that anything can be computed with."""
    for name, tensor in tensors.items():
        tensors[name] = np.full_like(tensor, np.inf)


def test_worker_outlives_every_damaged_whisper(workshop: Workshop, tmp_path: Path) -> None:
    missing = "model.decoder.layers.1.fc1.weight"
    folders = {name: write_huggingface_whisper(tmp_path / name) for name in ("short", "nan", "infinite", "gapped")}
    halved(folders["short"] / "model.safetensors")
    changed(folders["nan"] / "model.safetensors", without_numbers)
    changed(folders["infinite"] / "model.safetensors", too_large)
    changed(folders["gapped"] / "model.safetensors", lambda tensors: tensors.pop(missing))
    folders["cut"] = write_ctranslate2_whisper(tmp_path / "cut")
    halved(folders["cut"] / "model.bin")
    workshop.name_models("whisper-tiny", {"good": write_ctranslate2_whisper(tmp_path / "good"), **folders})
    workshop.start("--family", "cpu")
    worker = workshop.start("--family", "whisper", "--model", "good")
    engine, recording = engine_of(worker), make_wav_bytes(load_jfk()[:48_000])
    for name, code, words in (
        ("short", "model_unavailable", ["model.safetensors", "damaged"]),
        ("nan", "model_unavailable", [f"{folders['nan']}/model.safetensors", "NaN in", "model.decoder"]),
        ("infinite", "engine_failure", ["computes NaN", str(folders["infinite"])]),
        ("gapped", "model_unavailable", [f"{folders['gapped']}/model.safetensors", f"lacks {missing}"]),
        ("cut", "model_unavailable", [str(folders["cut"]), "model.bin"]),
    ):
        failed = workshop.ended("stt.transcribe", {"model": name, "language": "en"}, recording)
        assert (name, failed.state, failed.error.code) == (name, "failed", code)
        told = workshop.told(failed)
        assert [word for word in (name, *words) if word not in told] == [], told
        assert code == "engine_failure" or str(tmp_path) not in failed.error.detail
        good = workshop.ended("stt.transcribe", {"model": "good", "language": "en"}, recording)
        assert (good.state, good.provenance["model"]) == ("succeeded", "good")
    assert engine_of(worker) == engine, "the engine died on the way"


def test_worker_outlives_a_damaged_voice(workshop: Workshop, tmp_path: Path) -> None:
    folders = {name: write_vits(tmp_path / name, phonemes=False) for name in ("short", "nan", "good")}
    halved(folders["short"] / "model.safetensors")
    changed(folders["nan"] / "model.safetensors", without_numbers)
    workshop.name_models("mms-eng", folders)
    workshop.start("--family", "cpu")
    worker = workshop.start("--family", "vits", "--model", "good")
    engine = engine_of(worker)
    for name, words in (("short", ["damaged"]), ("nan", ["NaN in decoder."])):
        failed = workshop.ended("tts.synthesize", {"model": name, "text": "Good morning."})
        assert (name, failed.state, failed.error.code) == (name, "failed", "model_unavailable")
        told = workshop.told(failed)
        assert [word for word in (name, str(folders[name]), *words) if word not in told] == [], told
        assert str(tmp_path) not in failed.error.detail
        assert workshop.ended("tts.synthesize", {"model": "good", "text": "Good morning."}).state == "succeeded"
    assert engine_of(worker) == engine, "the engine died on the way"
