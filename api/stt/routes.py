"""Speech to text: submit a recording, list the models."""

from __future__ import annotations

from typing import NoReturn

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import current_key, has_scope, require_scope
from api.http.body import read_json
from api.http.context import current_services
from api.http.errors import Invalid
from api.http.multipart import form_arguments, receive_form
from api.http.operation import operation
from api.http.request_body import form_body
from api.http.responses import json_response
from api.http.validation import validate
from api.models.schemas import ModelList
from api.models.views import model_list
from api.submission.checks import check_file, reject_server_fields
from api.submission.http import begin_submission, submission_response
from api.submission.job_inputs import StoredInput
from api.submission.schemas import SubmitHeaders, submission_responses
from pipelines.errors import UnsupportedOption
from pipelines.requests import SERVER_FIELDS, TranscriptionRequest

routes = APIBlueprint("stt", __name__, url_prefix="/stt", abp_tags=[Tag(name="Speech to text")])
REMOTE_SOURCES = ("audio_url", "file_id")


@operation(
    routes,
    "POST",
    "/transcribe",
    guard=require_scope("submit"),
    headers=SubmitHeaders,
    body=form_body(
        "TranscriptionForm", TranscriptionRequest, file="The recording.", needs_file=True, hidden=SERVER_FIELDS
    ).with_examples(
        recording={"file": "meeting.wav"},
        subtitles={"file": "meeting.wav", "language": "en", "formats": ["srt", "json"], "max_line_length": 32},
    ),
    responses=submission_responses(),
    problems=(400, 409, 410, 413, 415, 422),
)
def transcribe() -> Response:
    """Transcribe a recording"""
    if request.mimetype == "application/json":
        _reject_json()
    submission = begin_submission("stt.transcribe")
    key = submission.upload_key()
    limit = current_services().settings.max_upload_bytes
    with receive_form(request, current_services().storage, key, limit=limit) as form:
        for name in REMOTE_SOURCES:
            if name in form.fields:
                raise _remote_source(name)
        wanted = validate(TranscriptionRequest, form_arguments(TranscriptionRequest, form.fields))
        reject_server_fields(wanted)
        name = check_file(form.file_name, form.file_bytes)
        upload = StoredInput(key, form.complete(), name)
    return submission_response(submission.submit(wanted, upload))


@operation(routes, "GET", "/models", guard=require_scope("read"), responses={200: ModelList})
def stt_models() -> Response:
    """List the models for speech recognition"""
    return json_response(model_list(current_services(), kind="stt", for_operator=has_scope(current_key(), "admin")))


def _reject_json() -> NoReturn:
    """A JSON body can only name a recording elsewhere, which this version does not fetch. Always raises."""
    body = read_json(request, limit=current_services().settings.max_json_bytes)
    for name in REMOTE_SOURCES:
        if name in body:
            raise _remote_source(name)
    raise Invalid.field("file", "Send the recording as multipart `file`.", code="missing")


def _remote_source(name: str) -> UnsupportedOption:
    return UnsupportedOption(
        f"This version does not fetch recordings: `{name}` is not supported. Send the recording as multipart `file`.",
        field=name,
    )
