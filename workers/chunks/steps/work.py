"""A work chunk: a loaded model makes a part from its span and sources, and may ask for follow-up chunks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jobs.chunk import ChunkNotes, Commit, NewChunk, ReusedChunk
from jobs.storage.object_keys import part_key
from jobs.stored_object import StoredObject
from workers.chunks.context import ChunkContext
from workers.engines.engine import StepRequest
from workers.engines.messages import FollowUpSpan, StepDone, WorkDone, WorkInput
from workers.engines.protocol import ProtocolViolation

from .source_files import SourceFiles


class WorkStep:
    """`execution.ChunkStep` for work chunks."""

    def __init__(self, context: ChunkContext) -> None:
        self._context = context
        self._sources = SourceFiles(context.objects, context.claim.chunk.input_keys)

    def prepare(self) -> StepRequest:
        job, chunk = self._context.claim.job, self._context.claim.chunk
        return StepRequest(WorkInput(job.kind, dict(job.params), dict(chunk.span)), model=self._context.entry.name)

    def fetch_source(self, k: int) -> str | None:
        return self._sources.get(k)

    def prefetch_source(self, k: int) -> None:
        self._sources.prefetch(k)

    def store_file(self, name: str, path: Path, content_type: str) -> None:
        raise ProtocolViolation("a work chunk leaves its part and no other file")

    def build_commit(self, done: StepDone) -> tuple[Commit, Sequence[ReusedChunk]]:
        if not isinstance(done, WorkDone):
            raise ProtocolViolation("a work chunk ends with its part")
        chunk = self._context.claim.chunk
        part = self._context.objects.store(
            self._context.workdir.take_file(done.part),
            lambda sha256: part_key(
                chunk.tenant_id,
                chunk.job_id,
                step="work",
                round=chunk.round,
                idx=chunk.idx,
                fence=chunk.fence,
                sha256=sha256,
            ),
        )
        follow_ups = [self._new_chunk(follow_up, part) for follow_up in done.follow_ups]
        commit = Commit(
            part=part,
            notes=ChunkNotes(
                engine_s=done.engine_s,
                provenance={"engine_entry": self._context.entry.name, **done.provenance},
                follow_ups=len(follow_ups),
                duration_s=done.duration_s,
            ),
            new_chunks=follow_ups,
        )
        return commit, ()

    def _new_chunk(self, follow_up: FollowUpSpan, part: StoredObject) -> NewChunk:
        chunk = self._context.claim.chunk
        entry = self._context.follow_up_entry(follow_up.model)
        span = follow_up.span
        return NewChunk(
            idx=int(span["idx"]),
            queue=entry.queue,
            units=float(span["units"]),
            span={**span, "model": entry.name},
            input_keys=(*chunk.input_keys, part),
            round=chunk.round + 1,
        )
