"""Use case: a validated request becomes a recorded job. Knows nothing of HTTP; http.py is its adapter.

In this order: the replay of an Idempotency-Key, the checks of the request, the choice of a model, the copies of inputs,
the record, the notification. Inputs of a request that became no job are removed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import uuid_utils

from api.services import Services
from jobs.errors import StoreUnavailable
from jobs.ids import new_id
from jobs.job import Idempotency, Job, NewJob
from jobs.states import CPU_QUEUE, Priority, Step
from jobs.store.job_store import SubmittedJob
from pipelines.catalog.capabilities import check_cloning
from pipelines.catalog.job_kinds import PIPELINES
from pipelines.requests import JobRequest, SpeechPatch, is_enrolled

from .idempotency import IdempotencyKey
from .job_inputs import JobInputs, StoredInput
from .model_resolution import resolve_model
from .voice_references import copy_parent_references, copy_references


class Submission:
    """One job to submit. Its id is made first: inputs are stored under it before it is recorded.

    Every method that submits raises the errors of the request (errors.py, pipelines/errors.py), of the idempotency key,
    and StoreUnavailable or StorageUnavailable.
    """

    def __init__(
        self,
        services: Services,
        kind: str,
        tenant_id: str,
        key: IdempotencyKey | None = None,
        *,
        request_id: str | None = None,
    ) -> None:
        """`request_id`: kept with the job, so that the logs of the workers name it."""
        self._services = services
        self._kind = kind
        self._tenant_id = tenant_id
        self._key = key
        self._request_id = request_id
        self._job_id = new_id("job")
        self._inputs = JobInputs(services.storage, services.uncertain_inputs, tenant_id, self._job_id)

    def upload_key(self) -> str:
        """The object key for the upload of this job."""
        return self._inputs.key(uuid_utils.uuid4().hex)

    def submit(self, request: JobRequest, upload: StoredInput | None = None) -> SubmittedJob:
        """A job for a request and the file that came with it."""
        if upload is not None:
            self._inputs.take_over_upload()
        digest = (upload.part.sha256, upload.name) if upload is not None else None
        idempotency = self._key.bind(request.model_dump(mode="json"), digest) if self._key is not None else None
        return self._submit(idempotency, lambda: self._new_job(request, upload))

    def submit_once(self, idempotency: Idempotency, make_request: Callable[[], JobRequest]) -> SubmittedJob:
        """The job that `idempotency` stands for; `make_request` is called only where there is none."""
        return self._submit(idempotency, lambda: self._new_job(make_request(), None))

    def submit_retry(self, parent: Job) -> SubmittedJob:
        """A retry of an ended job. Its input is copied: either job can be deleted alone."""
        idempotency = self._key.bind({"parent": parent.id}) if self._key is not None else None
        return self._submit(idempotency, lambda: self._retry_of(parent))

    def submit_patch(self, parent: Job, patch: SpeechPatch) -> SubmittedJob:
        """A job that changes one sentence of a finished one."""
        params = {"parent": parent.id, **patch.model_dump()}
        idempotency = self._key.bind(params) if self._key is not None else None
        return self._submit(idempotency, lambda: self._patch_of(parent, patch))

    def _submit(self, idempotency: Idempotency | None, make_job: Callable[[], NewJob]) -> SubmittedJob:
        with self._inputs.removed_unless_kept():
            replayed = self._find_replay(idempotency)
            if replayed is not None:
                return SubmittedJob(replayed, replayed=True)
            submitted = self._record(replace(make_job(), request_id=self._request_id), idempotency)
        if not submitted.replayed:
            self._services.dispatch.notify(CPU_QUEUE, job_id=self._job_id, step=Step.PLAN)
        return submitted

    def _find_replay(self, idempotency: Idempotency | None) -> Job | None:
        if idempotency is None:
            return None
        return self._services.store.jobs.find_replay(self._tenant_id, idempotency)

    def _record(self, new: NewJob, idempotency: Idempotency | None) -> SubmittedJob:
        try:
            submitted = self._services.store.jobs.submit(new, idempotency)
        except StoreUnavailable:
            self._inputs.mark_uncertain()  # the transaction may have been committed
            raise
        if not submitted.replayed:
            self._inputs.keep()
        return submitted

    def _new_job(self, request: JobRequest, upload: StoredInput | None) -> NewJob:
        entry = resolve_model(self._services, self._kind, request)
        params = request.model_dump(mode="json")
        source = upload
        text_param = PIPELINES[self._kind].text_param
        if text_param is not None:
            source, params[text_param] = self._store_text(params[text_param], upload)
        voices = self._services.store.voices
        params["references"] = copy_references(voices, self._inputs, self._tenant_id, request.enrolled_voices)
        if source is not None:
            params["source_type"], params["source_name"] = source.type, source.name
        return NewJob(
            id=self._job_id,
            tenant_id=self._tenant_id,
            kind=self._kind,
            model=entry.name,
            params=params,
            priority=Priority(request.priority),
            labels=request.labels,
            input_key=source.key if source else None,
            input_sha256=source.part.sha256 if source else None,
            input_bytes=source.part.bytes if source else None,
            webhook_url=params["webhook_url"],
            deadline_s=request.deadline_s,
            retain_s=request.retain_s,
        )

    def _store_text(self, text: str | None, upload: StoredInput | None) -> tuple[StoredInput | None, str | None]:
        """(input, inline text): a short text stays in the job's row, a long one becomes an object."""
        if upload is not None or text is None:
            return upload, None
        data = text.encode()
        if len(data) <= self._services.settings.inline_text_bytes:
            return None, text
        return self._inputs.put_text(data), None

    def _retry_of(self, parent: Job) -> NewJob:
        """The same request to the same model, with `parent_id`: the worker reuses its finished chunks."""
        copy_parent_references(self._inputs, parent)
        copied = None
        if parent.input_key is not None:
            copied = self._inputs.copy(parent.input_key, parent.input_key.rpartition("/")[2])
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

    def _patch_of(self, parent: Job, patch: SpeechPatch) -> NewJob:
        """The parent's request with one more change, and with the recording of an enrolled voice that it brings."""
        enrolled = {patch.voice: "voice"} if patch.voice is not None and is_enrolled(patch.voice) else {}
        check_cloning(self._services.catalog.named(parent.model), enrolled)
        retry = self._retry_of(parent)
        params: dict[str, Any] = {**parent.params}
        params["patches"] = [*parent.params.get("patches", ()), patch.model_dump(mode="json")]
        references = parent.params.get("references") or {}
        if missing := {voice: field for voice, field in enrolled.items() if voice not in references}:
            copied = copy_references(self._services.store.voices, self._inputs, self._tenant_id, missing)
            params["references"] = {**references, **copied}
        return replace(retry, params=params)
