"""Text to speech: submit a text or a document, list the voices, get a sample of one."""

from __future__ import annotations

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import current_tenant, require_scope
from api.http.body import read_json
from api.http.context import current_services
from api.http.multipart import FORM_TYPE, form_arguments, receive_form
from api.http.operation import binary_response, operation
from api.http.request_body import form_body, json_body
from api.http.responses import json_response
from api.http.validation import validate
from api.jobs.downloads import file_response
from api.jobs.result_files import find_file
from api.submission.checks import check_file, check_text, document_type, reject_server_fields
from api.submission.http import begin_submission, submission_response
from api.submission.job_inputs import StoredInput
from api.submission.schemas import SubmitHeaders, WaitHeaders, submission_responses
from api.submission.submission import Submission
from api.voices.previews import VoicePreview
from pipelines.requests import SERVER_FIELDS, SynthesisRequest
from pipelines.text.documents.registry import DOCUMENT_FORMATS

from .schemas import VoiceList, VoicesQuery
from .views import voice_list

*_NAMES, _LAST_NAME = DOCUMENT_FORMATS
_DOCUMENT = f"A document: {', '.join(_NAMES)} or {_LAST_NAME}."
routes = APIBlueprint("tts", __name__, url_prefix="/tts", abp_tags=[Tag(name="Text to speech")])


@operation(
    routes,
    "POST",
    "/synthesize",
    guard=require_scope("submit"),
    headers=SubmitHeaders,
    body=json_body(SynthesisRequest, hidden=SERVER_FIELDS, any_of=("text", "ssml")).with_examples(
        text={"text": "It was a bright day in April.", "language": "en", "format": "mp3"},
        ssml={"ssml": '<speak>Wait <break time="1s"/> for it.</speak>', "speech_marks": True},
        job={"text": "Good morning.", "priority": "interactive", "labels": {"book": "42"}, "deadline_s": 3600},
    )
    | form_body(
        "SynthesisForm",
        SynthesisRequest,
        file=_DOCUMENT,
        needs_file=False,
        hidden=SERVER_FIELDS,
        any_of=("file", "text", "ssml"),
    ).with_examples(
        document={"file": "book.txt", "language": "en", "format": "m4b", "title": "A Book"},
        text={"text": "It was a bright day in April.", "labels": {"book": "42"}},
    ),
    responses=submission_responses("audio/*"),
    problems=(400, 409, 410, 413, 415, 422),
)
def synthesize() -> Response:
    """Synthesise a text or a document

    With `Prefer: wait=N` and `Accept: audio/*` the response is the audio itself, if it is ready in time.
    """
    submission = begin_submission("tts.synthesize")
    if request.mimetype == FORM_TYPE:
        return _synthesize_form(submission)
    limit = current_services().settings.max_synthesis_json_bytes
    wanted = validate(SynthesisRequest, read_json(request, limit=limit, other_types=[FORM_TYPE]))
    reject_server_fields(wanted)
    check_text(wanted, current_services().settings, has_file=False)
    return submission_response(submission.submit(wanted))


@operation(routes, "GET", "/voices", guard=require_scope("read"), query=VoicesQuery, responses={200: VoiceList})
def voices(query: VoicesQuery) -> Response:
    """List the voices of live workers and the enrolled voices of the tenant

    A voice is listed once for every model that can use it, with the URL of its sample.
    """
    return json_response(voice_list(current_services(), current_tenant(), query))


@operation(
    routes,
    "GET",
    "/voices/<model>/<path:voice>/preview",
    guard=require_scope("read"),
    responses={
        200: binary_response("The sample.", "audio/*"),
        206: binary_response("The requested range.", "audio/*"),
        302: None,
    },
    problems=(404, 416),
)
def get_preview(model: str, voice: str) -> ResponseReturnValue:
    """Get the sample of a voice

    The audio of the job that POST to the same URL makes; 404 `no_preview` before it has succeeded.
    """
    preview = VoicePreview.of(current_services(), current_tenant(), model, voice)
    return file_response(current_services(), find_file(preview.job(), None))


@operation(
    routes,
    "POST",
    "/voices/<model>/<path:voice>/preview",
    guard=require_scope("submit"),
    headers=WaitHeaders,
    responses=submission_responses("audio/*"),
    problems=(404, 409, 422),
)
def create_preview(model: str, voice: str) -> Response:
    """Make a sample of a voice

    Submits a job that speaks a short sentence in the voice's language. Further requests get the same job, unless it was
    deleted or ended without a result.
    """
    preview = VoicePreview.of(current_services(), current_tenant(), model, voice)
    return submission_response(begin_submission("tts.synthesize").submit_once(preview.idempotency, preview.request))


def _synthesize_form(submission: Submission) -> Response:
    settings = current_services().settings
    key = submission.upload_key()
    with receive_form(request, current_services().storage, key, limit=settings.max_upload_bytes) as form:
        wanted = validate(SynthesisRequest, form_arguments(SynthesisRequest, form.fields))
        reject_server_fields(wanted)
        check_text(wanted, settings, has_file=form.file_name is not None)
        if form.file_name is None:
            return submission_response(submission.submit(wanted))
        name = check_file(form.file_name, form.file_bytes)
        source_type = document_type(name)
        upload = StoredInput(key, form.complete(), name, source_type)
    return submission_response(submission.submit(wanted, upload))
