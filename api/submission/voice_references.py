"""Recordings of enrolled voices that a job speaks with, or listens for: copied to the job when it is accepted, so that
a voice may be deleted while jobs use it, and a job with all that it holds.

A job's parameters say `references`: voice → SHA-256, size and name. Where the copy lies follows from the job's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.http.errors import Invalid
from api.wiring import Services
from jobs.errors import NotFound
from jobs.job import Job
from jobs.storage.object_keys import input_key
from pipelines.requests import Reference


def lend(services: Services, tenant_id: str, job_id: str, enrolled: Mapping[str, str]) -> dict[str, Any]:
    """`references` for the job, its recordings copied. Raises Invalid for a voice that is not the tenant's.

    `enrolled`: the voices, each with the field that asks for it.
    """
    references: dict[str, Any] = {}
    lent: set[str] = set()
    for voice_id, field in enrolled.items():
        try:
            voice = services.store.voice(tenant_id, voice_id)
            reference = voice.reference
            assert reference.sha256 is not None and reference.bytes is not None
            if reference.sha256 not in lent:
                services.storage.copy(reference.key, input_key(tenant_id, job_id, reference.sha256))
        except NotFound as error:
            raise Invalid.field(
                field, f"There is no voice {voice_id!r}; see GET /voices.", code="unknown_voice"
            ) from error
        lent.add(reference.sha256)
        copied = Reference(sha256=reference.sha256, bytes=reference.bytes, name=voice.name)
        references[voice_id] = copied.model_dump()
    return references


def lend_again(services: Services, parent: Job, job_id: str) -> None:
    """Copy what was lent to an ended job to its retry."""
    for sha256 in {reference["sha256"] for reference in (parent.params.get("references") or {}).values()}:
        services.storage.copy(
            input_key(parent.tenant_id, parent.id, sha256), input_key(parent.tenant_id, job_id, sha256)
        )
