"""The API's endpoints: one function for each, which builds the request and says how its response is parsed.

Pure: both clients send these requests and know nothing else of the API.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from .errors import BadArgument
from .job import Job, Page
from .upload import FormFile, Source, UploadProgress

T = TypeVar("T")

#: Longest `?wait=` that the server accepts, in seconds.
MAX_WAIT_S = 60


@dataclass(frozen=True, slots=True)
class ApiRequest(Generic[T]):
    """One request. `parse` turns the JSON of the response into the value that the caller gets."""

    method: str
    path: str
    parse: Callable[[Any], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    #: Form fields, sent as multipart together with `upload`.
    form: Mapping[str, Any] | None = None
    upload: FormFile | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Sending it twice has the effect of sending it once, so a lost response may be retried.
    idempotent: bool = True
    #: Seconds that the server may take on top of the client's timeout.
    extra_timeout_s: float = 0.0
    #: Error statuses that count as success here.
    accepted_statuses: frozenset[int] = frozenset()


def speak(
    text: str | None,
    *,
    ssml: str | None,
    file: Source | None,
    idempotency_key: str | None,
    on_upload: UploadProgress | None,
    options: Mapping[str, Any],
) -> ApiRequest[Job]:
    """Synthesise text, SSML, or a document. Raises BadArgument unless exactly one of the three is given."""
    if [text, ssml, file].count(None) != 2:
        raise BadArgument("Give text, ssml or a file, one of the three.")
    headers = _idempotency_header(idempotency_key)
    if file is None:
        body = _drop_none({"text": text, "ssml": ssml}) | dict(options)
        return ApiRequest("POST", "/tts/synthesize", Job.parse, json=body, headers=headers)
    upload = FormFile.from_source(file, on_progress=on_upload)
    return ApiRequest("POST", "/tts/synthesize", Job.parse, form=_encode_form(options), upload=upload, headers=headers)


def transcribe(
    recording: Source, *, idempotency_key: str | None, on_upload: UploadProgress | None, options: Mapping[str, Any]
) -> ApiRequest[Job]:
    """Transcribe a recording, which is streamed."""
    return ApiRequest(
        "POST",
        "/stt/transcribe",
        Job.parse,
        form=_encode_form(options),
        upload=FormFile.from_source(recording, on_progress=on_upload),
        headers=_idempotency_header(idempotency_key),
    )


def list_jobs(
    *,
    state: str | None,
    kind: str | None,
    batch: str | None,
    labels: Mapping[str, str] | None,
    limit: int | None,
    after: str | None,
) -> ApiRequest[Page[Job]]:
    """One page of jobs, newest first."""
    label_filters = {f"label.{key}": value for key, value in (labels or {}).items()}
    params = {"state": state, "kind": kind, "batch": batch, "limit": limit, "after": after, **label_filters}
    return ApiRequest("GET", "/jobs", _parse_job_page, params=_drop_none(params))


def get_job(job_id: str, *, wait_s: float | None = None) -> ApiRequest[Job]:
    """The job now, or as soon as it has finished within `wait_s` seconds."""
    if not wait_s:
        return ApiRequest("GET", _job_path(job_id), Job.parse)
    wait_s = min(wait_s, MAX_WAIT_S)
    return ApiRequest("GET", _job_path(job_id), Job.parse, params={"wait": f"{wait_s:g}"}, extra_timeout_s=wait_s)


def cancel_job(job_id: str) -> ApiRequest[Job]:
    """Cancel a job; cancelling twice is the same as once."""
    return ApiRequest("POST", _job_path(job_id, "cancel"), Job.parse)


def retry_job(job_id: str, *, idempotency_key: str | None = None) -> ApiRequest[Job]:
    """A new job that reuses the finished chunks of this one."""
    return ApiRequest("POST", _job_path(job_id, "retry"), Job.parse, headers=_idempotency_header(idempotency_key))


def delete_job(job_id: str) -> ApiRequest[None]:
    """Delete a job. One that is deleted already counts as success."""
    return ApiRequest("DELETE", _job_path(job_id), _ignore_body, accepted_statuses=frozenset({410}))


def get_job_events(job_id: str) -> ApiRequest[None]:
    """The event stream; the client reads it block by block, so nothing is parsed here."""
    return ApiRequest("GET", _job_path(job_id, "events"), _ignore_body, headers={"Accept": "text/event-stream"})


def get_job_file(job_id: str, name: str) -> ApiRequest[None]:
    """A result file, by a redirect where the storage serves it."""
    # A proxy that compresses would leave us without the recorded length.
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    return ApiRequest("GET", _job_path(job_id, "result"), _ignore_body, params={"file": name}, headers=headers)


def list_voices(*, language: str | None, family: str | None) -> ApiRequest[list[dict[str, Any]]]:
    """The voices of the models that are ready."""
    return ApiRequest("GET", "/tts/voices", _parse_list, params=_drop_none({"language": language, "family": family}))


def preview_voice(model: str, voice: str) -> ApiRequest[Job]:
    """The job of a voice's preview; the server creates one however often it is requested."""
    if not model or not voice:
        raise BadArgument("Give the model and the voice; `voicemill voices` lists both.")
    return ApiRequest("POST", f"/tts/voices/{quote(model, safe='')}/{quote(voice, safe='/')}/preview", Job.parse)


def add_voice(
    recording: Source, *, on_upload: UploadProgress | None, fields: Mapping[str, Any]
) -> ApiRequest[dict[str, Any]]:
    """Enrol a voice from a recording. Not idempotent: sending it twice would enrol two."""
    upload = FormFile.from_source(recording, on_progress=on_upload)
    return ApiRequest("POST", "/voices", _parse_object, form=_encode_form(fields), upload=upload, idempotent=False)


def delete_voice(voice_id: str) -> ApiRequest[None]:
    """Delete an enrolled voice with its recording."""
    if not voice_id:
        raise BadArgument("The voice's id is empty.")
    return ApiRequest("DELETE", f"/voices/{quote(voice_id, safe='')}", _ignore_body)


def list_models() -> ApiRequest[list[dict[str, Any]]]:
    """The models of the catalogue, and whether they are ready."""
    return ApiRequest("GET", "/audio/models", _parse_list)


def get_health() -> ApiRequest[dict[str, Any]]:
    """The server's health; the response of an unhealthy server (503) counts as success."""
    return ApiRequest("GET", "/audio/health", _parse_object, accepted_statuses=frozenset({503}))


def list_keys() -> ApiRequest[list[dict[str, Any]]]:
    """The tenant's keys, without their secrets."""
    return ApiRequest("GET", "/keys", _parse_list)


def create_key(name: str, scopes: Sequence[str], expires_in_s: float | None) -> ApiRequest[dict[str, Any]]:
    """Create a key. Not idempotent: its secret is in this one response."""
    body = _drop_none({"name": name, "scopes": list(scopes), "expires_in_s": expires_in_s})
    return ApiRequest("POST", "/keys", _parse_object, json=body, idempotent=False)


def revoke_key(key_id: str) -> ApiRequest[None]:
    """Revoke a key. One that is revoked already counts as success."""
    return ApiRequest("DELETE", f"/keys/{quote(key_id, safe='')}", _ignore_body, accepted_statuses=frozenset({410}))


def _job_path(job_id: str, *rest: str) -> str:
    if not job_id:
        raise BadArgument("The job's id is empty.")
    return "/".join(("/jobs", quote(job_id, safe=""), *rest))


def _idempotency_header(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key or uuid.uuid4().hex}


def _drop_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _encode_form(values: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Multipart fields: a list repeats its field, objects are JSON, None is left out."""
    return {key: _encode_form_value(value) for key, value in values.items() if value is not None}


def _encode_form_value(value: object) -> str | list[str]:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return json.dumps(dict(value))
    if isinstance(value, Sequence):
        return [str(item) for item in value]
    return str(value)


def _parse_job_page(data: Any) -> Page[Job]:
    next_id = data.get("next") if data.get("has_more", True) else None
    return Page([Job.parse(entry) for entry in data["data"]], next_id)


def _parse_list(data: Any) -> list[dict[str, Any]]:
    return list(data["data"] if isinstance(data, dict) else data)


def _parse_object(data: Any) -> dict[str, Any]:
    return dict(data)


def _ignore_body(_: Any) -> None:
    return None
