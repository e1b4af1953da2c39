"""Every request of the API as a value, with how its answer is read. Pure: both clients send these and know no more."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from .errors import BadArgument
from .job import Job, Page
from .upload import Source, Upload, UploadProgress

T = TypeVar("T")

#: Longest `?wait=` that the server takes, in seconds.
LONGEST_WAIT_S = 60


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. `parse` turns the answer's JSON into the value that the caller gets."""

    method: str
    path: str
    parse: Callable[[Any], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    #: Form fields, sent as multipart together with `upload`.
    form: Mapping[str, Any] | None = None
    upload: Upload | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    #: The server does the work once however often it gets this.
    repeatable: bool = True
    #: Seconds that the server may take on top of the client's timeout.
    extra_s: float = 0.0
    #: Error statuses that count as success here.
    accepted: frozenset[int] = frozenset()


def speak(
    text: str | None,
    *,
    ssml: str | None,
    file: Source | None,
    idempotency_key: str | None,
    on_upload: UploadProgress | None,
    options: Mapping[str, Any],
) -> Call[Job]:
    """Text, SSML, or a document to read aloud. Raises BadArgument unless there is one of the three."""
    if [text, ssml, file].count(None) != 2:
        raise BadArgument("Give text, ssml or a file, one of the three.")
    headers = _idempotent(idempotency_key)
    if file is None:
        said = _given({"text": text, "ssml": ssml})
        return Call("POST", "/tts/synthesize", Job.parse, json=said | dict(options), headers=headers)
    upload = Upload.of(file, on_progress=on_upload)
    return Call("POST", "/tts/synthesize", Job.parse, form=_form(options), upload=upload, headers=headers)


def transcribe(
    recording: Source, *, idempotency_key: str | None, on_upload: UploadProgress | None, options: Mapping[str, Any]
) -> Call[Job]:
    """A recording, streamed."""
    return Call(
        "POST",
        "/stt/transcribe",
        Job.parse,
        form=_form(options),
        upload=Upload.of(recording, on_progress=on_upload),
        headers=_idempotent(idempotency_key),
    )


def list_jobs(
    *,
    state: str | None,
    kind: str | None,
    batch: str | None,
    labels: Mapping[str, str] | None,
    limit: int | None,
    after: str | None,
) -> Call[Page[Job]]:
    """One page, newest first."""
    marks = {f"label.{key}": value for key, value in (labels or {}).items()}
    params = {"state": state, "kind": kind, "batch": batch, "limit": limit, "after": after, **marks}
    return Call("GET", "/jobs", _job_page, params=_given(params))


def get_job(job_id: str, *, wait_s: float | None = None) -> Call[Job]:
    """The job now, or within `wait_s` seconds when it has ended."""
    if not wait_s:
        return Call("GET", _job_path(job_id), Job.parse)
    wait_s = min(wait_s, LONGEST_WAIT_S)
    return Call("GET", _job_path(job_id), Job.parse, params={"wait": f"{wait_s:g}"}, extra_s=wait_s)


def cancel_job(job_id: str) -> Call[Job]:
    """Asking twice asks for the same."""
    return Call("POST", _job_path(job_id, "cancel"), Job.parse)


def retry_job(job_id: str, *, idempotency_key: str | None = None) -> Call[Job]:
    """A new job that keeps the finished chunks of this one."""
    return Call("POST", _job_path(job_id, "retry"), Job.parse, headers=_idempotent(idempotency_key))


def delete_job(job_id: str) -> Call[None]:
    """A job that is deleted already is as good."""
    return Call("DELETE", _job_path(job_id), _nothing, accepted=frozenset({410}))


def job_events(job_id: str) -> Call[None]:
    """The event stream; read line by line, not parsed whole."""
    return Call("GET", _job_path(job_id, "events"), _nothing, headers={"Accept": "text/event-stream"})


def job_file(job_id: str, name: str) -> Call[None]:
    """A result file, by a redirect where the storage serves it."""
    # A proxy that compresses would leave us without the recorded length.
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    return Call("GET", _job_path(job_id, "result"), _nothing, params={"file": name}, headers=headers)


def voices(*, language: str | None, family: str | None) -> Call[list[dict[str, Any]]]:
    """What can speak."""
    return Call("GET", "/tts/voices", _entries, params=_given({"language": language, "family": family}))


def preview(model: str, voice: str) -> Call[Job]:
    """The job of a voice's sample; the server makes one however often it is asked."""
    if not model or not voice:
        raise BadArgument("Give the model and the voice; `voicemill voices` lists both.")
    return Call("POST", f"/tts/voices/{quote(model, safe='')}/{quote(voice, safe='/')}/preview", Job.parse)


def add_voice(
    recording: Source, *, on_upload: UploadProgress | None, fields: Mapping[str, Any]
) -> Call[dict[str, Any]]:
    """A voice from a recording; asking twice would make two."""
    upload = Upload.of(recording, on_progress=on_upload)
    return Call("POST", "/voices", _object, form=_form(fields), upload=upload, repeatable=False)


def delete_voice(voice_id: str) -> Call[None]:
    """The voice with its recording."""
    if not voice_id:
        raise BadArgument("The voice's id is empty.")
    return Call("DELETE", f"/voices/{quote(voice_id, safe='')}", _nothing)


def models() -> Call[list[dict[str, Any]]]:
    """What the server knows, and whether it is ready."""
    return Call("GET", "/audio/models", _entries)


def health() -> Call[dict[str, Any]]:
    """Also the answer of a server that is not well (503)."""
    return Call("GET", "/audio/health", _object, accepted=frozenset({503}))


def list_keys() -> Call[list[dict[str, Any]]]:
    """The tenant's keys, without their secrets."""
    return Call("GET", "/keys", _entries)


def create_key(name: str, scopes: Sequence[str], expires_in_s: float | None) -> Call[dict[str, Any]]:
    """A new key; its secret is in this answer only, so a lost answer is not asked for again."""
    body = _given({"name": name, "scopes": list(scopes), "expires_in_s": expires_in_s})
    return Call("POST", "/keys", _object, json=body, repeatable=False)


def revoke_key(key_id: str) -> Call[None]:
    """A key that is gone already is as good."""
    return Call("DELETE", f"/keys/{quote(key_id, safe='')}", _nothing, accepted=frozenset({410}))


def _job_path(job_id: str, *rest: str) -> str:
    if not job_id:
        raise BadArgument("The job's id is empty.")
    return "/".join(("/jobs", quote(job_id, safe=""), *rest))


def _idempotent(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key or uuid.uuid4().hex}


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _form(values: Mapping[str, Any]) -> dict[str, Any]:
    """Multipart fields: a list repeats its field, objects are JSON."""
    return {key: _form_value(value) for key, value in values.items() if value is not None}


def _form_value(value: Any) -> str | list[str]:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return json.dumps(dict(value))
    if isinstance(value, Sequence):
        return [str(item) for item in value]
    return str(value)


def _job_page(data: Any) -> Page[Job]:
    following = data.get("next") if data.get("has_more", True) else None
    return Page([Job.parse(entry) for entry in data["data"]], following)


def _entries(data: Any) -> list[dict[str, Any]]:
    return list(data["data"] if isinstance(data, dict) else data)


def _object(data: Any) -> dict[str, Any]:
    return dict(data)


def _nothing(_: Any) -> None:
    return None
