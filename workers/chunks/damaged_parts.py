"""The search for damaged parts, once the stitch of a job could not read one of them.

See docs/dev/architecture.md, "Damaged parts".
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from jobs.chunk import Chunk
from jobs.states import Step

from .context import ChunkContext

_log = structlog.get_logger(__name__)


def find_damaged_parts(context: ChunkContext) -> Sequence[Chunk]:
    """The work chunks of the job whose parts are damaged; none where running them again would not help.

    All parts are read, so that one report names all that a fault of the storage has damaged. Raises StorageUnavailable,
    LeaseLost, and what else a lease raises.
    """
    chunk = context.claim.chunk
    # The first time only the stitch is repeated: the bytes may have been changed on the way, and not in the storage.
    if chunk.step is not Step.STITCH or not chunk.error_count:
        return ()
    if _is_plan_damaged(context):
        # All work chunks were made from it.
        return ()
    damaged = []
    for finished in context.finished_chunks(chunk.job_id):
        if finished.part is None or not context.objects.is_damaged(finished.part):
            continue
        _log.warning("part_damaged", job=chunk.job_id, chunk=finished.id, key=finished.part.key)
        if finished.notes.follow_ups:
            # Other chunks were made from it, and would not fit to another part.
            return ()
        damaged.append(finished)
    return damaged


def _is_plan_damaged(context: ChunkContext) -> bool:
    plan = context.store.jobs.plan_chunk(context.claim.chunk.job_id)
    objects = [file.object for file in plan.notes.files] + ([plan.part] if plan.part is not None else [])
    return any(context.objects.is_damaged(each) for each in objects)
