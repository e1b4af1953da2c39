"""The end of a job: a sandbox joins all parts in order, one at a time, into the result's files."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs.chunk import Chunk, ChunkNotes, Commit, ReusedChunk
from jobs.storage.object_keys import result_key
from jobs.stored_object import StoredFile, StoredObject
from workers.chunks.context import ChunkContext
from workers.engines.engine import StepRequest
from workers.engines.messages import PLAN_FILE, SPANS_FILE, StepDone, StitchDone, StitchInput
from workers.engines.protocol import ProtocolViolation

from .source_files import SourceFiles


class StitchStep:
    """`execution.ChunkStep` for stitch chunks."""

    def __init__(self, context: ChunkContext) -> None:
        self._context = context
        self._parts: list[StoredObject] = []
        self._sources = SourceFiles(context.objects, self._parts)
        self._result_files: list[StoredFile] = []
        self._engine_s = 0.0
        self._began = time.monotonic()

    def prepare(self) -> StepRequest:
        job, objects = self._context.claim.job, self._context.objects
        plan = self._context.store.jobs.plan_chunk(job.id)
        objects.fetch(_part_of(plan), PLAN_FILE)
        for file in plan.notes.files:
            objects.fetch(file.object, file.name)
        self._context.workdir.add_file(SPANS_FILE, self._write_spans)
        pipeline = self._context.pipeline
        parses_user_input = pipeline.stitch_parses_user_input and not self._context.is_plain_text
        return StepRequest(
            StitchInput(job.kind, dict(job.params)),
            model=job.model,
            shared_by=self._context.sharing_tenant(parses_user_input=parses_user_input),
            imports=pipeline.imports_of(job.params),
        )

    def _write_spans(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", errors="surrogatepass") as lines:
            for chunk in self._context.finished_chunks(self._context.claim.job.id):
                lines.write(json.dumps(dict(chunk.span), ensure_ascii=False) + "\n")
                self._parts.append(_part_of(chunk))
                self._engine_s += chunk.notes.engine_s or 0.0

    def fetch_source(self, k: int) -> str | None:
        return self._sources.get(k)

    def prefetch_source(self, k: int) -> None:
        self._sources.prefetch(k)

    def store_file(self, name: str, path: Path, content_type: str) -> None:
        chunk = self._context.claim.chunk
        key = result_key(chunk.tenant_id, chunk.job_id, name, fence=chunk.fence)
        stored = self._context.objects.store(path, lambda _: key, content_type=content_type)
        self._result_files.append(StoredFile(name, content_type, stored))

    def build_commit(self, done: StepDone) -> tuple[Commit, Sequence[ReusedChunk]]:
        if not isinstance(done, StitchDone):
            raise ProtocolViolation("a stitch ends with its summary")
        result = self._result(done.duration_s, done.summary)
        if not self._result_files:
            raise ProtocolViolation("a job ends with at least one file")
        # The chunk's own object is the first of its files, which spares an object that nobody reads.
        part = self._result_files[0].object
        notes = ChunkNotes(duration_s=done.duration_s)
        drops_parts = not self._context.settings.keep_parts
        return Commit(part=part, notes=notes, result=result, drops_parts=drops_parts), ()

    def _result(self, duration_s: float, summary: Mapping[str, Any]) -> dict[str, Any]:
        claim = self._context.claim
        job = claim.job
        started_at = job.started_at or job.created_at
        return {
            **summary,
            "duration_s": duration_s,
            "processing_s": round((claim.claimed_at - started_at) / 1000 + time.monotonic() - self._began, 3),
            "usage": {
                "audio_s": duration_s,
                "characters": int(job.units_total or 0) if job.unit == "characters" else 0,
                "engine_s": round(self._engine_s, 3),
            },
            "files": [file.to_json() for file in self._result_files],
        }


def _part_of(chunk: Chunk) -> StoredObject:
    assert chunk.part is not None, "a succeeded chunk has its part"
    return chunk.part
