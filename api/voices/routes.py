"""Voices that people enrol from a recording. The recording is stored as it came and opened by nobody here."""

from __future__ import annotations

from typing import Any

import structlog
import uuid_utils
from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import needs, tenant
from api.http.body import form_arguments, received_form
from api.http.operation import form_body, operation
from api.http.validation import validated
from api.jobs.responses import json_answer
from api.jobs.storage_ownership import check_own_storage
from api.jobs.views import at
from api.submission.checks import check_file, check_language
from api.wiring import services
from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.job import EnrolledVoice, InputObject, NewVoice
from jobs.storage.object_keys import reference_key, voice_prefix

from .previews import forget_previews
from .schemas import EnrolledVoiceBody, EnrolledVoiceList, NewVoiceBody

routes = APIBlueprint("voices", __name__, url_prefix="/voices", abp_tags=[Tag(name="Voices")])
log = structlog.get_logger("api")
#: Largest recording of a voice: a minute of it, however it is stored, with room to spare.
MAX_BYTES = 50_000_000


@operation(
    routes,
    "POST",
    "",
    guard=needs("submit"),
    body=form_body("VoiceForm"),
    answers={201: EnrolledVoiceBody},
    problems=(400, 413, 415, 422),
)
def create_voice() -> Response:
    """Enrol a voice from a recording

    The recording is stored as it is; whether it holds enough speech is told by the first job that speaks with it.
    """
    voice_id = f"voice_{uuid_utils.uuid7().hex}"
    key = reference_key(tenant(), voice_id, uuid_utils.uuid4().hex)
    with received_form(request, services().storage, key, limit=MAX_BYTES) as form:
        wanted = validated(NewVoiceBody, form_arguments(NewVoiceBody, form.fields))
        check_language(wanted.language)
        check_file(form.file_name, form.file_bytes)
        part = form.complete()
    reference = InputObject(part.key, part.sha256, part.bytes)
    new = NewVoice(voice_id, tenant(), wanted.name, reference, language=wanted.language, gender=wanted.gender)
    return json_answer(EnrolledVoiceBody(**_fields(_recorded(new))), 201)


@operation(routes, "GET", "", guard=needs("read"), answers={200: EnrolledVoiceList})
def list_voices() -> Response:
    """The tenant's enrolled voices, oldest first"""
    found = services().store.voices(tenant())
    return json_answer(EnrolledVoiceList(data=[EnrolledVoiceBody(**_fields(voice)) for voice in found]))


@operation(routes, "GET", "/<voice_id>", guard=needs("read"), answers={200: EnrolledVoiceBody}, problems=(404,))
def get_voice(voice_id: str) -> Response:
    """An enrolled voice"""
    return json_answer(EnrolledVoiceBody(**_fields(services().store.voice(tenant(), voice_id))))


@operation(routes, "DELETE", "/<voice_id>", guard=needs("submit"), answers={204: None}, problems=(404,))
def delete_voice(voice_id: str) -> ResponseReturnValue:
    """Forget a voice, its recording and its samples

    Other jobs that were accepted before keep their own copy until they are deleted themselves.
    """
    voice = services().store.voice(tenant(), voice_id)
    check_own_storage(services())
    forget_previews(services(), voice)
    # The recording first: while the record is there, the request can be made again.
    services().storage.delete_prefix(voice_prefix(voice.tenant_id, voice.id))
    services().store.delete_voice(voice.tenant_id, voice.id)
    return "", 204


def _recorded(new: NewVoice) -> EnrolledVoice:
    """The row of a voice; its recording goes again where the row could not be written."""
    try:
        return services().store.add_voice(new)
    except StoreUnavailable:
        # The row may exist all the same; then the recording is missed by the audit and the voice refused by jobs,
        # which is better than a recording of somebody that nobody knows of.
        try:
            services().storage.delete_prefix(voice_prefix(new.tenant_id, new.id))
        except StorageUnavailable:
            log.warning("orphan_left", voice=new.id)
        raise


def _fields(voice: EnrolledVoice) -> dict[str, Any]:
    return {
        "id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "gender": voice.gender,
        "bytes": voice.reference.bytes,
        "sha256": voice.reference.sha256,
        "consented_at": at(voice.consented_at),
        "created_at": at(voice.created_at),
    }
