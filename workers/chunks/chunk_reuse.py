"""Reuse of a parent's chunks by a retry: parts of chunks that the new plan has too, copied to keys of the new job."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from jobs.chunk import Chunk, NewChunk, ReusedChunk
from jobs.errors import Deleted, NotFound
from jobs.job import Job
from jobs.storage.object_keys import part_key
from jobs.stored_object import StoredObject

from .context import ChunkContext

_log = structlog.get_logger(__name__)

#: Parameters that may differ without changing the part of a chunk whose span and inputs are equal. Recordings and
#: patches become spans and inputs in the plan, which are compared chunk by chunk.
_NOT_COMPARED = frozenset({"labels", "priority", "webhook_url", "deadline_s", "retain_s", "patches", "references"})


def reuse_parent_chunks(context: ChunkContext, new_chunks: Sequence[NewChunk]) -> Sequence[ReusedChunk]:
    """Copy the parts that the parent has finished; none where there is no parent, no part, or nothing fits."""
    parent = _find_parent(context)
    if parent is None or parent.parts_dropped_at is not None or not _has_equal_request(parent, context.claim.job):
        return ()
    new_by_idx = {new.idx: new for new in new_chunks}
    reused = []
    for chunk in context.finished_chunks(parent.id):
        new = new_by_idx.get(chunk.idx)
        # A part that asked for follow-ups is made again: its commit inserts them.
        if new is None or chunk.round != new.round or chunk.notes.follow_ups or not _is_equal(chunk, new):
            continue
        if (copy := _copy(context, chunk)) is not None:
            # The engine worked for the parent: the new job used none of its time.
            reused.append(ReusedChunk(replace(chunk, notes=replace(chunk.notes, engine_s=0.0)), copy))
    return reused


def _find_parent(context: ChunkContext) -> Job | None:
    job = context.claim.job
    if job.parent_id is None:
        return None
    try:
        return context.store.jobs.get(job.tenant_id, job.parent_id)
    except (NotFound, Deleted):
        return None


def _has_equal_request(parent: Job, job: Job) -> bool:
    def compared(params: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in params.items() if name not in _NOT_COMPARED}

    return (parent.kind, parent.model) == (job.kind, job.model) and compared(parent.params) == compared(job.params)


def _is_equal(chunk: Chunk, new: NewChunk) -> bool:
    """The same span over the same bytes; keys differ, since each job has its own."""
    inputs = [source.sha256 for source in chunk.input_keys] == [source.sha256 for source in new.input_keys]
    return inputs and json.dumps(dict(chunk.span), sort_keys=True) == json.dumps(dict(new.span), sort_keys=True)


def _copy(context: ChunkContext, chunk: Chunk) -> StoredObject | None:
    if chunk.part is None:
        return None
    mine = context.claim.chunk
    key = part_key(
        mine.tenant_id,
        mine.job_id,
        step="work",
        round=chunk.round,
        idx=chunk.idx,
        fence=mine.fence,
        sha256=chunk.part.sha256,
    )
    try:
        # A copy is taken as it is: a part that became corrupt would fail each retry at its end. An absent storage is
        # an outage here too: otherwise a retry would make all parts again.
        if context.objects.is_damaged(chunk.part):
            _log.warning("part_not_reused", chunk=chunk.id, key=chunk.part.key)
            return None
        return context.objects.copy(chunk.part, key)
    except NotFound:
        return None
