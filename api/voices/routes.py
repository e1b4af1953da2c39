"""Voices enrolled from a recording. The recording is stored as sent; the API never decodes it."""

from __future__ import annotations

from typing import Any

import structlog
import uuid_utils
from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import current_tenant, require_scope
from api.http.context import current_services
from api.http.multipart import form_arguments, receive_form
from api.http.operation import operation
from api.http.request_body import form_body
from api.http.responses import json_response, utc_datetime
from api.http.validation import validate
from api.jobs.deletion import check_storage_owner
from api.submission.checks import check_file
from api.submission.field_checks import check_language
from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.ids import new_id
from jobs.storage.object_keys import reference_key, voice_prefix
from jobs.voice import EnrolledVoice, NewVoice

from .previews import delete_previews
from .schemas import EnrolledVoiceBody, EnrolledVoiceList, NewVoiceBody

routes = APIBlueprint("voices", __name__, url_prefix="/voices", abp_tags=[Tag(name="Voices")])
log = structlog.get_logger("api")
#: Largest recording of a voice: well over a minute in every audio format.
MAX_BYTES = 50_000_000


@operation(
    routes,
    "POST",
    "",
    guard=require_scope("submit"),
    body=form_body(
        "VoiceForm", NewVoiceBody, file="A recording of the person's speech.", needs_file=True
    ).with_examples(voice={"file": "ada.wav", "name": "Ada", "consent": True, "language": "en-GB"}),
    responses={201: EnrolledVoiceBody},
    problems=(400, 413, 415, 422),
)
def create_voice() -> Response:
    """Enrol a voice from a recording

    The recording is stored as sent; the first job that uses the voice checks whether it has enough speech.
    """
    voice_id = new_id("voice")
    key = reference_key(current_tenant(), voice_id, uuid_utils.uuid4().hex)
    with receive_form(request, current_services().storage, key, limit=MAX_BYTES) as form:
        wanted = validate(NewVoiceBody, form_arguments(NewVoiceBody, form.fields))
        check_language(wanted.language)
        check_file(form.file_name, form.file_bytes)
        reference = form.complete()
    new = NewVoice(voice_id, current_tenant(), wanted.name, reference, language=wanted.language, gender=wanted.gender)
    return json_response(EnrolledVoiceBody(**_fields(_add_voice(new))), 201)


@operation(routes, "GET", "", guard=require_scope("read"), responses={200: EnrolledVoiceList})
def list_voices() -> Response:
    """List the enrolled voices of the tenant, oldest first"""
    found = current_services().store.voices.list(current_tenant())
    return json_response(EnrolledVoiceList(data=[EnrolledVoiceBody(**_fields(voice)) for voice in found]))


@operation(
    routes, "GET", "/<voice_id>", guard=require_scope("read"), responses={200: EnrolledVoiceBody}, problems=(404,)
)
def get_voice(voice_id: str) -> Response:
    """Get an enrolled voice"""
    return json_response(EnrolledVoiceBody(**_fields(current_services().store.voices.get(current_tenant(), voice_id))))


@operation(routes, "DELETE", "/<voice_id>", guard=require_scope("submit"), responses={204: None}, problems=(404,))
def delete_voice(voice_id: str) -> ResponseReturnValue:
    """Delete a voice, its recording and its samples

    Other jobs that use the voice have their own copy of the recording, until they are deleted.
    """
    voice = current_services().store.voices.get(current_tenant(), voice_id)
    check_storage_owner(current_services())
    delete_previews(current_services(), voice)
    # The recording first: while the row exists, the request can be retried.
    current_services().storage.delete_prefix(voice_prefix(voice.tenant_id, voice.id))
    current_services().store.voices.delete(voice.tenant_id, voice.id)
    return "", 204


def _add_voice(new: NewVoice) -> EnrolledVoice:
    """Add the row of a voice; remove its recording where that failed."""
    try:
        return current_services().store.voices.add(new)
    except StoreUnavailable:
        # The row may exist. Then jobs refuse the voice and the audit reports its missing recording: better than a
        # stored recording of a person without a row.
        try:
            current_services().storage.delete_prefix(voice_prefix(new.tenant_id, new.id))
        except StorageUnavailable:
            log.warning("voice_recording_not_removed", voice=new.id)
        raise


def _fields(voice: EnrolledVoice) -> dict[str, Any]:
    return {
        "id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "gender": voice.gender,
        "bytes": voice.reference.bytes,
        "sha256": voice.reference.sha256,
        "consented_at": utc_datetime(voice.consented_at),
        "created_at": utc_datetime(voice.created_at),
    }
