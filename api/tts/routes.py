"""Text to speech: submit a text or a document, list the voices, hear one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import needs, tenant
from api.http.body import form_arguments, parse_json, read_json, received_form
from api.http.operation import binary_answer, json_or_form_body, operation, submitted
from api.http.schemas import SubmitHeaders, VoiceBody, VoiceList, VoicesQuery, WaitHeaders
from api.http.validation import validated
from api.jobs.downloads import file_answer, stored_file
from api.jobs.responses import json_answer
from api.submission.checks import check_file, check_text, document_type, refuse_server_fields
from api.submission.submission import Source, Submission
from api.voices.previews import VoicePreview, preview_url
from api.wiring import services
from pipelines.language_tags import primary
from pipelines.requests import SynthesisRequest

routes = APIBlueprint("tts", __name__, url_prefix="/tts", abp_tags=[Tag(name="Text to speech")])


@operation(
    routes,
    "POST",
    "/synthesize",
    guard=needs("submit"),
    headers=SubmitHeaders,
    body=json_or_form_body(SynthesisRequest, "SynthesisForm"),
    answers=submitted("audio/*"),
    problems=(400, 409, 413, 415, 422),
)
def synthesize() -> Response:
    """Speak a text or a document

    With `Prefer: wait=N` and `Accept: audio/*` the answer is the audio itself, if it is ready in time.
    """
    submission = Submission(services(), "tts.synthesize")
    if request.mimetype == "multipart/form-data":
        return _synthesize_form(submission)
    limit = services().settings.max_synthesis_json_bytes
    wanted = validated(SynthesisRequest, parse_json(read_json(request, limit=limit)))
    refuse_server_fields(wanted)
    check_text(wanted, services().settings, has_file=False)
    return submission.submit(wanted)


@operation(routes, "GET", "/voices", guard=needs("read"), query=VoicesQuery, answers={200: VoiceList})
def voices(query: VoicesQuery) -> Response:
    """Voices of the workers that run now, and the tenant's enrolled ones

    Each is listed for every model that can speak with it, with the address of a sample.
    """
    found = [
        VoiceBody.model_validate(voice)
        for voice in map(_with_preview, (*services().workers.voices(), *_enrolled()))
        if (query.family is None or voice["family"] == query.family)
        and (query.language is None or speaks_tag(voice["language"], query.language))
    ]
    return json_answer(VoiceList(data=found))


@operation(
    routes,
    "GET",
    "/voices/<model>/<path:voice>/preview",
    guard=needs("read"),
    answers={
        200: binary_answer("The sample.", "audio/*"),
        206: binary_answer("The range that was asked for.", "audio/*"),
        302: None,
    },
    problems=(404, 416),
)
def get_preview(model: str, voice: str) -> ResponseReturnValue:
    """A sample of a voice

    The audio of a job that the tenant had made by POST to the same address; 404 `no_preview` where there is none.
    """
    preview = VoicePreview.of(services(), tenant(), model, voice)
    return file_answer(services(), stored_file(preview.job(), None))


@operation(
    routes,
    "POST",
    "/voices/<model>/<path:voice>/preview",
    guard=needs("submit"),
    headers=WaitHeaders,
    answers=submitted("audio/*"),
    problems=(404, 409, 422),
)
def create_preview(model: str, voice: str) -> Response:
    """Have a sample of a voice made

    A job that says a short sentence in the voice's language. However often it is asked for it is made once, and anew
    when that job was deleted or came to nothing.
    """
    preview = VoicePreview.of(services(), tenant(), model, voice)
    return Submission(services(), "tts.synthesize").submit_once(preview.promise, preview.request)


def _enrolled() -> Iterator[Mapping[str, Any]]:
    """The tenant's enrolled voices, for each model that speaks with the voice of a recording."""
    cloning = services().catalog.cloning()
    for voice in services().store.voices(tenant()) if cloning else ():
        for entry in cloning:
            yield {
                "id": voice.id,
                "name": voice.name,
                "language": voice.language or "und",
                "family": entry.family,
                "model": entry.name,
                "gender": voice.gender,
                "sample_rate_hz": entry.sample_rate_hz,
            }


def _with_preview(voice: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**voice, "preview": preview_url(services(), voice["model"], voice["id"])}


def speaks_tag(tag: str, wanted: str) -> bool:
    """`en` matches `en-GB`; `en-GB` matches itself."""
    tag, wanted = tag.lower(), wanted.lower().replace("_", "-")
    return tag == wanted or (primary(wanted) == wanted and primary(tag) == wanted)


def _synthesize_form(submission: Submission) -> Response:
    settings = services().settings
    key = submission.upload_key()
    with received_form(request, services().storage, key, limit=settings.max_upload_bytes) as form:
        wanted = validated(SynthesisRequest, form_arguments(SynthesisRequest, form.fields))
        refuse_server_fields(wanted)
        check_text(wanted, settings, has_file=form.file_name is not None)
        if form.file_name is None:
            return submission.submit(wanted)
        name = check_file(form.file_name, form.file_bytes)
        source_type = document_type(name)
        source = Source(key, form.complete(), name, source_type)
    return submission.submit(wanted, source)
