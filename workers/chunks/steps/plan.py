"""The plan of a job: a sandbox divides its input into spans and files, which become work chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from jobs.chunk import ChunkNotes, Commit, NewChunk, PlanFile, ReusedChunk
from jobs.storage.object_keys import input_key, part_key, plan_key
from jobs.stored_object import StoredObject
from pipelines.pipeline import Limits
from workers.chunks.chunk_reuse import reuse_parent_chunks
from workers.chunks.context import ChunkContext
from workers.engines.engine import StepRequest
from workers.engines.messages import PLAN_FILE, SOURCE_FILE, PlanDone, PlanInput, StepDone
from workers.engines.protocol import ProtocolViolation


class PlanStep:
    """`execution.ChunkStep` for plan chunks."""

    def __init__(self, context: ChunkContext) -> None:
        self._context = context
        self._stored: dict[str, StoredObject] = {}

    def prepare(self) -> StepRequest:
        job = self._context.claim.job
        if job.input_key is not None:
            assert job.input_sha256 is not None and job.input_bytes is not None, "an input is recorded with its digest"
            source = StoredObject(job.input_key, job.input_sha256, job.input_bytes)
            self._context.objects.fetch(source, SOURCE_FILE)
        for voice, reference in (job.params.get("references") or {}).items():
            key = input_key(job.tenant_id, job.id, reference["sha256"])
            self._context.objects.fetch(StoredObject(key, reference["sha256"], reference["bytes"]), voice)
        return StepRequest(
            PlanInput(
                kind=job.kind,
                params=dict(job.params),
                limits=self._limits(),
                has_source=job.input_key is not None,
            ),
            model=job.model,
            shared_by=self._context.sharing_tenant(parses_user_input=not self._context.is_plain_text),
        )

    def _limits(self) -> Limits:
        settings = self._context.settings
        limits = Limits(text_characters=settings.max_text_characters, audio_seconds=settings.max_audio_s)
        return self._context.entry.apply_to(limits)

    def fetch_source(self, k: int) -> str | None:
        return None

    def prefetch_source(self, k: int) -> None:
        """A plan has its one source from the start."""

    def store_file(self, name: str, path: Path, content_type: str) -> None:
        chunk = self._context.claim.chunk
        key = plan_key(chunk.tenant_id, chunk.job_id, name, fence=chunk.fence)
        self._stored[name] = self._context.objects.store(path, lambda _: key, content_type=content_type)

    def build_commit(self, done: StepDone) -> tuple[Commit, Sequence[ReusedChunk]]:
        if not isinstance(done, PlanDone):
            raise ProtocolViolation("a plan ends with its spans")
        path = self._context.workdir.take_file(PLAN_FILE)
        new_chunks = list(self._read_chunks(path))
        if len(new_chunks) != done.spans:
            raise ProtocolViolation("the plan has another number of spans than was reported")
        chunk = self._context.claim.chunk
        part = self._context.objects.store(
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
        unused = [PlanFile(name, stored) for name, stored in self._stored.items() if stored.key not in used]
        commit = Commit(
            part=part,
            # Files that no chunk reads are for the stitch: a cover.
            notes=ChunkNotes(files=unused),
            new_chunks=new_chunks,
            units_total=done.units_total,
            unit=done.unit,
        )
        return commit, reuse_parent_chunks(self._context, new_chunks)

    def _read_chunks(self, plan: Path) -> Iterator[NewChunk]:
        queue = self._context.entry.queue
        with plan.open("rb") as lines:
            if next(lines, None) is None:
                raise ProtocolViolation("the plan is empty")
            for line in lines:
                yield self._decode_chunk(line, queue)

    def _decode_chunk(self, line: bytes, queue: str) -> NewChunk:
        try:
            span = json.loads(line.decode("utf-8", errors="surrogatepass"))
            return NewChunk(
                idx=int(span["idx"]),
                queue=queue,
                units=float(span["units"]),
                span=span,
                input_keys=tuple(self._stored[name] for name in span["inputs"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise ProtocolViolation(f"a span of the plan is invalid ({type(error).__name__})") from error
