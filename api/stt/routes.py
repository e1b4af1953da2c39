"""Speech to text: submit a recording, list the models."""

from __future__ import annotations

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import needs
from api.http.body import form_arguments, parse_json, read_json, received_form
from api.http.errors import Invalid
from api.http.operation import form_body, operation, submitted
from api.http.schemas import ModelList, SubmitHeaders
from api.http.validation import validated
from api.jobs.responses import json_answer
from api.models.views import model_list
from api.submission.checks import check_file, refuse_server_fields
from api.submission.submission import Source, Submission
from api.wiring import services
from pipelines.errors import UnsupportedOption
from pipelines.requests import TranscriptionRequest

routes = APIBlueprint("stt", __name__, url_prefix="/stt", abp_tags=[Tag(name="Speech to text")])
REMOTE_SOURCES = ("audio_url", "file_id")


@operation(
    routes,
    "POST",
    "/transcribe",
    guard=needs("submit"),
    headers=SubmitHeaders,
    body=form_body("TranscriptionForm"),
    answers=submitted(),
    problems=(400, 409, 413, 415, 422),
)
def transcribe() -> Response:
    """Write down a recording"""
    if request.mimetype == "application/json":
        _refuse_json()
    submission = Submission(services(), "stt.transcribe")
    key = submission.upload_key()
    limit = services().settings.max_upload_bytes
    with received_form(request, services().storage, key, limit=limit) as form:
        for name in REMOTE_SOURCES:
            if name in form.fields:
                raise _remote_source(name)
        wanted = validated(TranscriptionRequest, form_arguments(TranscriptionRequest, form.fields))
        refuse_server_fields(wanted)
        name = check_file(form.file_name, form.file_bytes)
        source = Source(key, form.complete(), name)
    return submission.submit(wanted, source)


@operation(routes, "GET", "/models", guard=needs("read"), answers={200: ModelList})
def stt_models() -> Response:
    """Models that recognise speech"""
    return json_answer(model_list(services(), kind="stt"))


def _refuse_json() -> None:
    """JSON could only name a recording elsewhere, which this version does not fetch. Raises."""
    body = parse_json(read_json(request, limit=services().settings.max_json_bytes))
    for name in REMOTE_SOURCES:
        if name in body:
            raise _remote_source(name)
    raise Invalid.field("file", "Send the recording as multipart `file`.", code="missing")


def _remote_source(name: str) -> UnsupportedOption:
    return UnsupportedOption(
        f"This version does not fetch recordings: `{name}` is not supported. Send the recording as multipart `file`.",
        field=name,
    )
