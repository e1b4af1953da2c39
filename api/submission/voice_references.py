"""Recordings of the enrolled voices that a job uses, copied to its inputs when it is submitted.

So a voice can be deleted while jobs use it, and a job with everything that it holds. `references` of the job's
parameters has each voice with the SHA-256, size and name of its recording; the key of a copy ends in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.errors import NotFound
from jobs.job import Job
from jobs.storage.object_keys import input_key
from jobs.store.voice_store import VoiceStore
from pipelines.requests import Reference

from .errors import InvalidField
from .job_inputs import JobInputs


def copy_references(
    voices: VoiceStore, inputs: JobInputs, tenant_id: str, enrolled: Mapping[str, str]
) -> dict[str, Any]:
    """Copy the recordings of enrolled voices; returns the job's `references`.

    `enrolled`: each voice with the field that names it. Raises InvalidField for a voice that the tenant does not have.
    """
    references: dict[str, Any] = {}
    copied: set[str] = set()
    for voice_id, field in enrolled.items():
        try:
            voice = voices.get(tenant_id, voice_id)
            recording = voice.reference
            assert recording.sha256 is not None and recording.bytes is not None
            if recording.sha256 not in copied:
                inputs.copy(recording.key, recording.sha256)
        except NotFound as error:
            detail = f"There is no voice {voice_id!r}; see GET /voices."
            raise InvalidField(field, detail, code="unknown_voice") from error
        copied.add(recording.sha256)
        reference = Reference(sha256=recording.sha256, bytes=recording.bytes, name=voice.name)
        references[voice_id] = reference.model_dump()
    return references


def copy_parent_references(inputs: JobInputs, parent: Job) -> None:
    """Copy the recordings of an ended job to the inputs of its retry. Raises NotFound, StorageUnavailable."""
    references = parent.params.get("references") or {}
    for sha256 in {reference["sha256"] for reference in references.values()}:
        inputs.copy(input_key(parent.tenant_id, parent.id, sha256), sha256)
