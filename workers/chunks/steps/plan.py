"""The plan of a job: its input goes into the sandbox, spans and their files come out and become work chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jobs.job import Commit, InputObject, NewChunk, StoredPart
from jobs.storage.object_keys import input_key, part_key, plan_key
from pipelines.catalog.entry import Entry
from workers.chunks.chunk_reuse import Adoption, adopt
from workers.chunks.context import ChunkContext
from workers.chunks.outcomes import Misbehaved
from workers.engines import step_runner
from workers.engines.channel import Message


class PlanStep:
    """`execution.StepOfChunk` for plan chunks."""

    def __init__(self, context: ChunkContext) -> None:
        self._context = context
        self._stored: dict[str, StoredPart] = {}

    def message(self) -> Message:
        job = self._context.claim.job
        if job.input_key is not None:
            source = InputObject(job.input_key, job.input_sha256, job.input_bytes)
            self._context.objects.fetch(source, step_runner.SOURCE_FILE)
        for voice, reference in (job.params.get("references") or {}).items():
            key = input_key(job.tenant_id, job.id, reference["sha256"])
            self._context.objects.fetch(InputObject(key, reference["sha256"], reference["bytes"]), voice)
        return {
            "step": "plan",
            "kind": job.kind,
            "model": job.model,
            "params": dict(job.params),
            "has_source": job.input_key is not None,
            "limits": self._limits(self._context.entry),
            **self._context.sharing(opens_user_bytes=not self._context.is_plain_text),
        }

    def _limits(self, entry: Entry) -> dict[str, Any]:
        settings = self._context.settings
        return {
            "text_characters": settings.max_text_characters,
            "audio_seconds": settings.max_audio_s,
            "speed": entry.speed,
            "chunk_characters": entry.chunk_characters,
            "chunk_seconds": entry.chunk_seconds,
            "sample_rate_hz": entry.sample_rate_hz,
            "vad": entry.vad,
        }

    def source(self, k: int) -> str | None:
        return None

    def look_ahead(self, k: int) -> None:
        """A plan has its one source from the start."""

    def store(self, name: str, path: Path, content_type: str) -> None:
        chunk = self._context.claim.chunk
        key = plan_key(chunk.tenant_id, chunk.job_id, name, fence=chunk.fence)
        self._stored[name] = self._context.objects.keep(path, lambda _: key, content_type=content_type)

    def commit(self, done: Message) -> tuple[Commit, Adoption | None]:
        path = self._context.files.take(step_runner.PLAN_FILE)
        new_chunks = list(self._new_chunks(path))
        if len(new_chunks) != done["spans"]:
            raise Misbehaved("the plan is not as long as it was said to be")
        chunk = self._context.claim.chunk
        part = self._context.objects.keep(
            path,
            lambda sha256: part_key(
                chunk.tenant_id,
                chunk.job_id,
                step="plan",
                round=chunk.round,
                idx=chunk.idx,
                fence=chunk.fence,
                sha256=sha256,
            ),
            content_type="application/jsonl",
        )
        used = {source.key for new in new_chunks for source in new.input_keys}
        spare = [
            {"name": name, "key": file.key, "sha256": file.sha256, "bytes": file.bytes}
            for name, file in self._stored.items()
            if file.key not in used
        ]
        commit = Commit(
            part=part,
            # Files that no chunk reads are for the stitch: a cover.
            notes={"files": spare} if spare else {},
            new_chunks=new_chunks,
            units_total=float(done["units_total"]),
            unit=str(done["unit"]),
        )
        return commit, adopt(self._context, new_chunks)

    def _new_chunks(self, plan: Path) -> Iterator[NewChunk]:
        queue = self._context.entry.queue
        with plan.open(encoding="utf-8", errors="surrogatepass") as lines:
            next(lines)
            for line in lines:
                span = json.loads(line)
                yield NewChunk(
                    idx=int(span["idx"]),
                    queue=queue,
                    units=float(span["units"]),
                    span=span,
                    input_keys=tuple(self._input(name) for name in span["inputs"]),
                )

    def _input(self, name: str) -> InputObject:
        part = self._stored[name]
        return InputObject(part.key, part.sha256, part.bytes)
