"""A work chunk: its span and sources go to a warm model, its part comes back, with the chunks that it asks for."""

from __future__ import annotations

from pathlib import Path

from jobs.job import Commit, InputObject, NewChunk, StoredPart
from jobs.storage.object_keys import part_key
from workers.chunks.context import ChunkContext
from workers.chunks.outcomes import Misbehaved
from workers.engines.channel import Message

from .source_files import SourceFiles


class WorkStep:
    """`execution.StepOfChunk` for work chunks."""

    def __init__(self, context: ChunkContext) -> None:
        self._context = context
        self._sources = SourceFiles(context.objects, context.claim.chunk.input_keys)

    def message(self) -> Message:
        job, chunk = self._context.claim.job, self._context.claim.chunk
        return {
            "step": "work",
            "kind": job.kind,
            "model": self._context.entry.name,
            "params": dict(job.params),
            "span": dict(chunk.span),
        }

    def source(self, k: int) -> str | None:
        return self._sources.get(k)

    def look_ahead(self, k: int) -> None:
        self._sources.look_ahead(k)

    def store(self, name: str, path: Path, content_type: str) -> None:
        raise Misbehaved("a work chunk leaves its part and no other file")

    def commit(self, done: Message) -> tuple[Commit, None]:
        chunk = self._context.claim.chunk
        part = self._context.objects.keep(
            self._context.files.take(done["part"]),
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
        follow_ups = [self._new_chunk(follow, part) for follow in done["follow_ups"]]
        commit = Commit(
            part=part,
            notes={
                "engine_s": float(done["engine_s"]),
                "provenance": {"engine_entry": self._context.entry.name, **done["provenance"]},
                "follow_ups": len(follow_ups),
                **({} if done["duration_s"] is None else {"duration_s": float(done["duration_s"])}),
            },
            new_chunks=follow_ups,
        )
        return commit, None

    def _new_chunk(self, follow: Message, part: StoredPart) -> NewChunk:
        chunk = self._context.claim.chunk
        entry = self._context.follow_up_entry(follow["model"])
        span = follow["span"]
        return NewChunk(
            idx=int(span["idx"]),
            queue=entry.queue,
            units=float(span["units"]),
            span={**span, "model": entry.name},
            input_keys=(*chunk.input_keys, InputObject(part.key, part.sha256, part.bytes)),
            round=chunk.round + 1,
        )
