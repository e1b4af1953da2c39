"""A chunk's context with a real directory storage and working directory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.chunk import Chunk, Claim
from jobs.job import Job
from jobs.settings import Settings
from jobs.states import ChunkState, JobState, Priority, Step
from jobs.storage.directory_storage import DirectoryStorage
from pipelines.catalog.catalog import Catalog
from workers.chunks.context import ChunkContext
from workers.chunks.lease import Lease
from workers.chunks.stored_objects import StoredObjects
from workers.chunks.workdir import Workdir


class ContextFactory:
    """Makes contexts whose objects lie in `storage` and whose files lie in `workdir`."""

    def __init__(self, directory: Path) -> None:
        self.storage = DirectoryStorage(directory / "objects")
        self.workdir = Workdir(directory / "chk_1-3")

    def make(self, step: Step, job: dict[str, Any], chunk: dict[str, Any], jobs: Any = None) -> ChunkContext:
        """`job`, `chunk`: their fields; `jobs`: the job store."""
        one = Job("job_1", "t", "tts.synthesize", "tone", JobState.RUNNING, Priority.NORMAL, {}, {}, 0, 0, 0)
        other = Chunk("chk_1", "job_1", "t", step, 1, 0, "q", ChunkState.RUNNING, fence=3, units=1.0, span={})
        claim = Claim(replace(one, **job), replace(other, **chunk), 60_000, claimed_at=2_000)
        lease = Lease(claim, claimed_at=time.monotonic())
        objects = StoredObjects(self.storage, lease, self.workdir, installation_id=lambda: "installation")
        store: Any = SimpleNamespace(jobs=jobs)
        return ChunkContext(claim, self.workdir, objects, store, Catalog(), Settings())

    def write(self, name: str, text: str) -> Path:
        """A file as it was taken from the child."""
        (self.workdir.path / name).write_text(text)
        return self.workdir.take_file(name)

    def read(self, name: str) -> str:
        """A file that the child was given."""
        return (self.workdir.path / name).read_text()


@pytest.fixture
def contexts(tmp_path: Path) -> Iterator[ContextFactory]:
    made = ContextFactory(tmp_path)
    yield made
    made.workdir.close()
