"""Conversion of rows to values and back: the only place that knows both the columns and the dataclasses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from jobs.api_key import ApiKey
from jobs.chunk import Chunk, ChunkNotes
from jobs.failure import Failure
from jobs.ids import new_id
from jobs.job import Job
from jobs.states import ChunkState, JobState, Priority, Step
from jobs.stored_object import StoredObject
from jobs.voice import EnrolledVoice
from jobs.webhooks.delivery import DeliveryRecord, Endpoint
from jobs.worker import WorkerInfo, WorkerRow

from .tables import chunks, jobs

_PRIORITIES = tuple(Priority)

#: Units that the running chunks of a job have done and not yet committed.
_running = chunks.alias("running")
units_running = (
    sa.select(sa.func.coalesce(sa.func.sum(_running.c.progress), 0.0))
    .where(_running.c.job_id == jobs.c.id, _running.c.state == sa.literal_column("'running'"))
    .scalar_subquery()
    .label("units_running")
)


def to_job(row: Any) -> Job:
    """A row of `jobs`, with `units_running` where the query asked for it."""
    return Job(
        id=row.id,
        tenant_id=row.tenant_id,
        kind=row.kind,
        model=row.model,
        state=JobState(row.state),
        priority=_PRIORITIES[row.priority],
        params=row.params,
        labels=row.labels,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deadline_at=row.deadline_at,
        batch_id=row.batch_id,
        parent_id=row.parent_id,
        input_key=row.input_key,
        input_sha256=row.input_sha256,
        input_bytes=row.input_bytes,
        unit=row.unit,
        units_total=row.units_total,
        units_done=row.units_done,
        units_running=getattr(row, "units_running", 0.0),
        chunk_total=row.chunk_total,
        chunks_done=row.chunks_done,
        attempts=row.attempts,
        result=row.result,
        error=None if row.error is None else Failure.from_json(row.error),
        provenance=row.provenance,
        cancel_requested_at=row.cancel_requested_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        delete_at=row.delete_at,
        deleted_at=row.deleted_at,
        request_id=row.request_id,
        parts_dropped_at=row.parts_dropped_at,
    )


def to_chunk(row: Any) -> Chunk:
    """A row of `chunks`."""
    return Chunk(
        id=row.id,
        job_id=row.job_id,
        tenant_id=row.tenant_id,
        step=Step(row.step),
        round=row.round,
        idx=row.idx,
        queue=row.queue,
        state=ChunkState(row.state),
        fence=row.fence,
        units=row.units,
        span=row.span,
        input_keys=tuple(StoredObject.from_json(each) for each in row.input_keys),
        error_count=row.error_count,
        crash_count=row.crash_count,
        rescue_count=row.rescue_count,
        snooze_count=row.snooze_count,
        solo=row.solo,
        part=None if row.result_key is None else StoredObject(row.result_key, row.result_sha256, row.result_bytes),
        notes=ChunkNotes.from_json(row.notes),
    )


def new_chunk(
    job: Any,
    *,
    step: Step,
    queue: str,
    round: int = 0,
    idx: int = 0,
    units: float = 0.0,
    span: Any = None,
    input_keys: Sequence[StoredObject] = (),
    now_ms: int,
) -> dict[str, Any]:
    """The columns of a ready chunk of a job's row."""
    return {
        "id": new_id("chk"),
        "job_id": job.id,
        "tenant_id": job.tenant_id,
        "step": step.value,
        "round": round,
        "idx": idx,
        "queue": queue,
        "priority": job.priority,
        "age": job.created_at,
        "state": "ready",
        "span": dict(span or {}),
        "units": units,
        "fence": 0,
        "error_count": 0,
        "crash_count": 0,
        "rescue_count": 0,
        "input_keys": [each.to_json() for each in input_keys],
        "snooze_count": 0,
        "solo": False,
        "available_at": now_ms,
        "progress": 0.0,
        "notes": {},
    }


def to_key(row: Any) -> ApiKey:
    """A row of `api_keys`, without its secret's hash."""
    return ApiKey(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def to_worker(row: Any) -> WorkerRow:
    """A row of `workers`."""
    return WorkerRow(
        id=row.id,
        queues=tuple(row.queues),
        slots=row.slots,
        device=row.device,
        last_seen=row.last_seen,
        info=WorkerInfo.from_json(row.info),
    )


def to_endpoint(row: Any) -> Endpoint:
    """A row of `webhook_endpoints`, without its secret."""
    return Endpoint(
        id=row.id,
        tenant_id=row.tenant_id,
        url=row.url,
        events=tuple(row.events),
        adhoc=row.adhoc,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )


def to_delivery_record(row: Any) -> DeliveryRecord:
    """A row of `webhook_deliveries` as its log shows it."""
    return DeliveryRecord(
        id=row.id,
        endpoint_id=row.endpoint_id,
        subject_id=row.subject_id,
        event_type=row.event_type,
        state=row.state,
        attempt=row.attempt,
        created_at=row.created_at,
        next_at=row.next_at,
        last_status=row.last_status,
        last_error=row.last_error,
        finished_at=row.finished_at,
    )


def to_voice(row: Any) -> EnrolledVoice:
    """A row of `voices`."""
    return EnrolledVoice(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        language=row.language,
        gender=row.gender,
        reference=StoredObject(row.reference_key, row.reference_sha256, row.reference_bytes),
        consented_at=row.consented_at,
        created_at=row.created_at,
    )
