"""From a validated request to a recorded job and its answer. Knows jobs and the catalogue; no route and no body format.

Order: what the request itself has wrong, then a replay of its Idempotency-Key, then the model, then the record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog
import uuid_utils
from flask import Response, request

from api.http import auth
from api.http.errors import Invalid
from api.http.schemas import SubmitHeaders
from api.http.validation import validated
from api.jobs.responses import audio_answer, job_answer, preferred_wait_s, wait_for_end, wants_audio
from api.models.selection import choose
from api.wiring import Services
from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.job import Idempotency, Job, NewJob, StoredPart
from jobs.states import Priority
from jobs.storage.object_keys import input_key, job_prefix
from pipelines.catalog.capabilities import check_cloning, check_synthesis, check_transcription
from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.requests import JobRequest, SpeechPatch, SynthesisRequest, TranscriptionRequest, is_enrolled

from .checks import check_language, check_voice, check_webhook
from .voice_references import lend, lend_again

log = structlog.get_logger("api")
PLAN_QUEUE = "cpu"


@dataclass(frozen=True, slots=True)
class Source:
    """An input that is an object already, and how to read it."""

    key: str
    part: StoredPart
    name: str
    type: str | None = None


class Submission:
    """One request on its way to become a job. The job's id is made first: its objects are stored under it."""

    def __init__(self, services: Services, kind: str) -> None:
        self._services = services
        self._kind = kind
        self._tenant_id = auth.tenant()
        self._job_id = f"job_{uuid_utils.uuid7().hex}"
        self._has_objects = False
        #: Checked before a body is read. Raises Invalid for a key of another shape.
        self._idempotency_key = _idempotency_key()

    def upload_key(self) -> str:
        """Where this job's upload goes."""
        return input_key(self._tenant_id, self._job_id, uuid_utils.uuid4().hex)

    def submit(self, wanted: JobRequest, source: Source | None = None) -> Response:
        """Record the job and answer. Objects of a request that became no job are removed.

        Raises what api/http/problems.py knows.
        """
        self._has_objects = source is not None
        upload = (source.part.sha256, source.name) if source else None
        promise = self._promise(str(request.url_rule), lambda: fingerprint(wanted.model_dump(mode="json"), upload))
        return self._record(promise, lambda: self._new_job(wanted, source))

    def submit_once(self, promise: Idempotency, wanted: Callable[[], JobRequest]) -> Response:
        """Record the job that `promise` stands for, unless there is one, and answer."""
        return self._record(promise, lambda: self._new_job(wanted(), None))

    def submit_again(self, parent: Job) -> Response:
        """Record the retry of an ended job and answer. Its input is copied: either job may be deleted alone."""
        promise = self._promise(request.path, lambda: fingerprint({"parent": parent.id}, None))
        return self._record(promise, lambda: self._retry_of(parent))

    def submit_patched(self, parent: Job, patch: SpeechPatch) -> Response:
        """Record a job that says one sentence of a finished one otherwise, and answer."""
        wanted = {"parent": parent.id, **patch.model_dump()}
        promise = self._promise(request.path, lambda: fingerprint(wanted, None))
        return self._record(promise, lambda: self._patched(parent, patch))

    def _promise(self, route: str, fingerprint: Callable[[], str]) -> Idempotency | None:
        """What the Idempotency-Key of this request stands for; None without one."""
        key = self._idempotency_key
        return Idempotency(f"{request.method} {route}", key, fingerprint()) if key is not None else None

    def _record(self, idempotency: Idempotency | None, make: Callable[[], NewJob]) -> Response:
        store = self._services.store
        keep = False
        try:
            replayed = store.replay(self._tenant_id, idempotency) if idempotency else None
            if replayed is not None:
                return self._answer(replayed, replayed=True)
            new = make()
            try:
                accepted = store.accept(new, idempotency)
            except StoreUnavailable:
                keep = True  # the record may exist: its input must not vanish yet
                if self._has_objects:
                    self._services.orphans.doubt(self._tenant_id, self._job_id)
                raise
            keep = not accepted.replayed
        finally:
            if self._has_objects and not keep:
                self._forget_objects()
        if keep:
            self._services.dispatch.ring(PLAN_QUEUE, hint=self._job_id)
        return self._answer(accepted.job, replayed=accepted.replayed)

    def _new_job(self, wanted: JobRequest, source: Source | None) -> NewJob:
        entry = self._entry(wanted)
        params = wanted.model_dump(mode="json")
        if isinstance(wanted, SynthesisRequest):
            source, params["text"] = self._text_source(wanted, source)
        self._has_objects = self._has_objects or bool(wanted.enrolled_voices)
        params["references"] = lend(self._services, self._tenant_id, self._job_id, wanted.enrolled_voices)
        if source is not None:
            params["source_type"], params["source_name"] = source.type, source.name
        return NewJob(
            id=self._job_id,
            tenant_id=self._tenant_id,
            kind=self._kind,
            model=entry.name,
            params=params,
            priority=Priority(wanted.priority),
            labels=wanted.labels,
            input_key=source.key if source else None,
            input_sha256=source.part.sha256 if source else None,
            input_bytes=source.part.bytes if source else None,
            webhook_url=params["webhook_url"],
            deadline_s=wanted.deadline_s,
            retain_s=wanted.retain_s,
        )

    def _retry_of(self, parent: Job) -> NewJob:
        """The same request to the same model, with `parent_id`: its finished chunks are kept by the worker."""
        copied = None
        self._has_objects = bool(parent.params.get("references"))
        lend_again(self._services, parent, self._job_id)
        if parent.input_key is not None:
            copied = input_key(self._tenant_id, self._job_id, parent.input_key.rpartition("/")[2])
            self._has_objects = True
            self._services.storage.copy(parent.input_key, copied)
        return NewJob(
            id=self._job_id,
            tenant_id=self._tenant_id,
            kind=parent.kind,
            model=parent.model,
            params=parent.params,
            priority=parent.priority,
            labels=parent.labels,
            input_key=copied,
            input_sha256=parent.input_sha256,
            input_bytes=parent.input_bytes,
            parent_id=parent.id,
            webhook_url=parent.params.get("webhook_url"),
            deadline_s=parent.params.get("deadline_s"),
            retain_s=parent.params.get("retain_s"),
        )

    def _patched(self, parent: Job, patch: SpeechPatch) -> NewJob:
        """The parent's request with one change more; an enrolled voice that it brings along is lent to this job."""
        enrolled = {patch.voice: "voice"} if patch.voice is not None and is_enrolled(patch.voice) else {}
        check_cloning(self._services.catalog.named(parent.model), enrolled)
        again = self._retry_of(parent)
        params = {**parent.params, "patches": [*parent.params.get("patches", ()), patch.model_dump(mode="json")]}
        references = parent.params.get("references") or {}
        if missing := {voice: field for voice, field in enrolled.items() if voice not in references}:
            self._has_objects = True
            lent = lend(self._services, self._tenant_id, self._job_id, missing)
            params["references"] = {**references, **lent}
        return replace(again, params=params)

    def _entry(self, wanted: JobRequest) -> Entry:
        """The model, once it is clear that it can do what is wanted."""
        language = getattr(wanted, "language", None)
        check_language(language)
        check_webhook(self._services.outbound, wanted)
        try:
            return self._able_entry(wanted, language)
        except (ModelUnavailable, Invalid):
            self._services.workers.look_again()
            return self._able_entry(wanted, language)

    def _able_entry(self, wanted: JobRequest, language: str | None) -> Entry:
        """The model, by what is known of the live workers. Raises ModelUnavailable, Invalid, UnsupportedOption."""
        entry = choose(
            self._services.catalog,
            self._services.workers,
            kind=self._kind.split(".")[0],
            model=wanted.model,
            language=language,
        )
        if isinstance(wanted, SynthesisRequest):
            check_synthesis(entry, wanted, self._services.catalog)
            check_voice(self._services.workers, entry, wanted)
        elif isinstance(wanted, TranscriptionRequest):
            check_transcription(entry, wanted, self._services.catalog)
        return entry

    def _text_source(self, wanted: SynthesisRequest, source: Source | None) -> tuple[Source | None, str | None]:
        """(source, inline text): short texts stay in the job's row, long ones become an object."""
        if source is not None or wanted.text is None:
            return source, None
        data = wanted.text.encode()
        if len(data) <= self._services.settings.inline_text_bytes:
            return None, wanted.text
        key = input_key(self._tenant_id, self._job_id, hashlib.sha256(data).hexdigest())
        self._has_objects = True
        part = self._services.storage.put_bytes(key, data, content_type="text/plain; charset=utf-8")
        return Source(key, part, name="text", type="txt"), None

    def _forget_objects(self) -> None:
        try:
            self._services.storage.delete_prefix(job_prefix(self._tenant_id, self._job_id))
        except StorageUnavailable:
            log.warning("orphan_left", job=self._job_id)

    def _answer(self, job: Job, *, replayed: bool) -> Response:
        wait_s = preferred_wait_s()
        if wait_s is not None:
            job = wait_for_end(self._services, job, wait_s) or job
        ended = wait_s is not None and job.state.is_terminal
        if ended and self._kind.startswith("tts.") and wants_audio():
            answer = audio_answer(self._services, job)
        else:
            answer = job_answer(self._services, job, status=200 if ended else 202)
        answer.headers["Location"] = f"/jobs/{job.id}"
        if ended:
            answer.headers["Preference-Applied"] = f"wait={wait_s:g}"
        else:
            answer.headers["Retry-After"] = "1"
        if replayed:
            answer.headers["Idempotency-Replayed"] = "true"
        return answer


def _idempotency_key() -> str | None:
    sent = request.headers.get("Idempotency-Key")
    return None if sent is None else validated(SubmitHeaders, {"Idempotency-Key": sent}).idempotency_key


def fingerprint(params: Mapping[str, Any], upload: tuple[str, str] | None) -> str:
    """SHA-256 over the request as asked for, before `auto` was resolved, with the upload's digest and name."""
    canonical = json.dumps([params, upload], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
