"""Headers and responses of the routes that submit jobs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from api.http.request_body import schema_ref
from api.jobs.schemas import JobBody


class WaitHeaders(BaseModel):
    """Headers of a request that submits a job."""

    prefer: str | None = Field(
        None, alias="Prefer", description="`wait=N`: answer 200 with the finished job if it ends within N ≤ 60 seconds."
    )


class SubmitHeaders(WaitHeaders):
    """Headers of a request that makes a new job each time."""

    idempotency_key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")] | None = Field(
        None,
        alias="Idempotency-Key",
        description="Requests with the same key and content get the same job for 24 hours.",
    )


def submission_responses(*audio: str) -> dict[int, Any]:
    """Response objects of a submitting route. `audio`: media types, where it may answer with the audio itself."""
    job = {"application/json": {"schema": schema_ref(JobBody.__name__)}}
    binary = {media: {"schema": {"type": "string", "format": "binary"}} for media in audio}
    location = _header("The URL of the job.")
    replayed = _header("`true` if an earlier request with this Idempotency-Key created the job.")
    return {
        200: {
            "description": "`Prefer: wait` was sent and the job has ended.",
            "content": {**job, **binary},
            "headers": {"Location": location, "Idempotency-Replayed": replayed},
        },
        202: {
            "description": "Accepted: the job in its current state.",
            "content": job,
            "headers": {
                "Location": location,
                "Retry-After": _header("Seconds until the next request makes sense."),
                "Idempotency-Replayed": replayed,
            },
        },
    }


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
