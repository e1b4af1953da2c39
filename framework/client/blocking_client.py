"""The blocking client. Thin: requests are built in endpoints.py, the rules of retries and waiting are in effects.py."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar, Unpack

import httpx

from . import effects, endpoints
from .download import DownloadProgress
from .effects import Effect, HttpResponse, JobProgress, Operation, SendRequest, Sleep
from .errors import ClientClosed, VoicemillError
from .events import Event, EventReader
from .job import FINISHED_STATES, Job, Page
from .options import SpeechOptions, TranscriptionOptions
from .responses import parse_problem
from .retry_policy import RetryPolicy
from .settings import find_server
from .transport import client_arguments, request_arguments, translate_errors
from .upload import Source, UploadProgress

T = TypeVar("T")


class Client:
    """A client of one Voicemill server.

    Without arguments it connects to the server of VOICEMILL_URL and VOICEMILL_API_KEY, else to the one that
    `voicemill up` started on this machine; with `data_dir`, to the one that `voicemill up` started in that directory.
    Submissions carry an Idempotency-Key, so that a retry never creates a second job. Every method raises the exceptions
    of `framework.client.errors`. Use it as a context manager, or `close()` it; threads may share it.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        data_dir: str | Path | None = None,
        timeout_s: float = 30.0,
        retries: RetryPolicy = RetryPolicy(),
    ) -> None:
        self._server = find_server(base_url, api_key, directory=data_dir)
        self._timeout_s = timeout_s
        self.retries = retries
        self._http = httpx.Client(**client_arguments(self._server))
        self.jobs = Jobs(self)
        self.keys = Keys(self)

    @property
    def base_url(self) -> str:
        """The server's address, without a trailing slash."""
        return self._server.base_url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._server.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # -- submitting jobs -----------------------------------------------------------------------------------------------
    def speak(
        self,
        text: str | None = None,
        *,
        ssml: str | None = None,
        file: Source | None = None,
        wait: bool | float = True,
        idempotency_key: str | None = None,
        on_upload: UploadProgress | None = None,
        on_progress: JobProgress | None = None,
        **options: Unpack[SpeechOptions],
    ) -> Job:
        """Synthesise text, SSML, or a document (txt, md, html, epub, docx, ssml).

        `wait`: True = until the job has finished, seconds = at most so long (then WaitTimeout), False = return as soon
        as it is accepted. A job that ends without a result raises JobUnsuccessful.
        """
        request = endpoints.speak(
            text, ssml=ssml, file=file, idempotency_key=idempotency_key, on_upload=on_upload, options=options
        )
        return self._submit(request, wait, on_progress)

    def transcribe(
        self,
        recording: Source,
        *,
        wait: bool | float = True,
        idempotency_key: str | None = None,
        on_upload: UploadProgress | None = None,
        on_progress: JobProgress | None = None,
        **options: Unpack[TranscriptionOptions],
    ) -> Job:
        """Transcribe a recording (path, bytes or binary file). `wait` as in `speak`."""
        request = endpoints.transcribe(recording, idempotency_key=idempotency_key, on_upload=on_upload, options=options)
        return self._submit(request, wait, on_progress)

    # -- voices, models, health ----------------------------------------------------------------------------------------
    def voices(self, *, language: str | None = None, family: str | None = None) -> list[dict[str, Any]]:
        """The voices of the models that are ready, as the API lists them."""
        return self.send(endpoints.list_voices(language=language, family=family))

    def preview(self, model: str, voice: str) -> bytes:
        """The preview of a voice as MP3. The server creates it once, which this waits for."""
        return self.jobs.read(self.run(effects.preview_voice(model, voice, self.retries)), "mp3")

    def save_preview(self, model: str, voice: str, destination: str | Path, *, overwrite: bool = True) -> Path:
        """Save the preview of a voice as MP3."""
        job = self.run(effects.preview_voice(model, voice, self.retries))
        return self.jobs.download(job, "mp3", destination, overwrite=overwrite)

    def add_voice(
        self,
        recording: Source,
        name: str,
        *,
        consent: bool,
        language: str | None = None,
        gender: str | None = None,
        on_upload: UploadProgress | None = None,
    ) -> dict[str, Any]:
        """Enrol a voice from a recording (path, bytes or binary file); models that clone accept its `id` as `voice`.

        `consent`: the speaker has agreed; without it the server refuses the voice.
        """
        fields = {"name": name, "consent": consent, "language": language, "gender": gender}
        return self.send(endpoints.add_voice(recording, on_upload=on_upload, fields=fields))

    def delete_voice(self, voice_id: str) -> None:
        """Delete an enrolled voice and its recording; jobs that were accepted before still use it."""
        self.send(endpoints.delete_voice(voice_id))

    def models(self) -> list[dict[str, Any]]:
        """The models, with `name`, `kind` and whether they are ready."""
        return self.send(endpoints.list_models())

    def health(self) -> dict[str, Any]:
        """The server's health; by component for keys with the scope `admin`. No error for an unhealthy server."""
        return self.send(endpoints.get_health())

    # -- performing effects --------------------------------------------------------------------------------------------
    def send(self, call: endpoints.ApiRequest[T]) -> T:
        """Send any request of `framework.client.endpoints`, with retries."""
        return self.run(effects.send(call, self.retries))

    def run(self, work: Operation[T]) -> T:
        """Perform the effects of `work` until it returns."""
        try:
            effect = next(work)
            while True:
                try:
                    outcome = self._perform(effect)
                except VoicemillError as error:
                    effect = work.throw(error)
                else:
                    effect = work.send(outcome)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            work.close()

    def _perform(self, effect: Effect) -> HttpResponse | None:
        if isinstance(effect, Sleep):
            time.sleep(effect.seconds)
            return None
        if self._http.is_closed:
            raise ClientClosed
        if isinstance(effect, SendRequest):
            url = self._server.base_url
            with translate_errors(url), request_arguments(effect.request, self._timeout_s) as arguments:
                response = self._http.request(**arguments)
            return HttpResponse(response.status_code, response.headers, response.content)
        with self.stream(effect.request, idle_s=effect.idle_s) as response:
            for block in response.iter_bytes():
                if effect.consume(block):
                    break
        return None

    @contextmanager
    def stream(self, call: endpoints.ApiRequest[Any], *, idle_s: float) -> Iterator[httpx.Response]:
        """A response to be read in blocks. Raises ApiError for an error status, Unreachable when the stream breaks."""
        with (
            translate_errors(self._server.base_url),
            request_arguments(call, idle_s) as arguments,
            self._http.stream(**arguments, follow_redirects=True) as response,
        ):
            if response.status_code >= 400:
                raise parse_problem(response.status_code, response.headers, response.read())
            yield response

    def _submit(self, request: endpoints.ApiRequest[Job], wait: bool | float, on_progress: JobProgress | None) -> Job:
        job = self.send(request)
        if wait is False:
            return job
        return self.jobs.wait(job.id, timeout_s=None if wait is True else float(wait), on_progress=on_progress)


class Jobs:
    """`client.jobs`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(
        self,
        *,
        state: str | None = None,
        kind: str | None = None,
        batch: str | None = None,
        labels: Mapping[str, str] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Job]:
        """One page, newest first; pass its `next` as `after` for the page after it."""
        request = endpoints.list_jobs(state=state, kind=kind, batch=batch, labels=labels, limit=limit, after=after)
        return self._client.send(request)

    def get(self, job_id: str, *, wait_s: float | None = None) -> Job:
        """The job now; with `wait_s` (≤ 60) as soon as it has finished within these seconds."""
        return self._client.send(endpoints.get_job(job_id, wait_s=wait_s))

    def wait(self, job_id: str, *, timeout_s: float | None = None, on_progress: JobProgress | None = None) -> Job:
        """Wait until the job has succeeded. Raises JobUnsuccessful, or WaitTimeout after `timeout_s` (None = never)."""
        wait = effects.wait_for_job(job_id, self._client.retries, timeout_s=timeout_s, on_progress=on_progress)
        return effects.require_success(self._client.run(wait))

    def events(self, job_id: str) -> Iterator[Event]:
        """Progress, segments and states as they happen, until the job has finished. Raises Unreachable if cut off."""
        reader = EventReader()
        with self._client.stream(endpoints.get_job_events(job_id), idle_s=60.0) as response:
            for block in response.iter_bytes():
                for event in reader.feed(block):
                    yield event
                    if event.data.get("state") in FINISHED_STATES:
                        return

    def cancel(self, job_id: str) -> Job:
        """Cancel a job. A finished one stays as it is."""
        return self._client.send(endpoints.cancel_job(job_id))

    def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Job:
        """Create a new job that reuses the finished chunks of this one."""
        return self._client.send(endpoints.retry_job(job_id, idempotency_key=idempotency_key))

    def delete(self, job_id: str) -> None:
        """Delete a job with its input and results."""
        self._client.send(endpoints.delete_job(job_id))

    def download(
        self,
        job: Job | str,
        name: str,
        destination: str | Path,
        *,
        on_progress: DownloadProgress | None = None,
        overwrite: bool = True,
    ) -> Path:
        """Save one file of the result, verified by its SHA-256. `name` may be a suffix (`"srt"`); a directory as
        destination keeps the file's own name. Raises CorruptDownload, BadArgument: without `overwrite` also where the
        destination exists."""
        job = self.get(job) if isinstance(job, str) else job
        retries = self._client.retries
        return self._client.run(
            effects.download_file(job, name, Path(destination), retries, on_progress, overwrite=overwrite)
        )

    def read(self, job: Job | str, name: str) -> bytes:
        """One file of the result in memory, verified. `name` as in `download`."""
        job = self.get(job) if isinstance(job, str) else job
        return self._client.run(effects.read_file(job, name, self._client.retries))


class Keys:
    """`client.keys`; needs a key with the scope `admin`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self) -> list[dict[str, Any]]:
        """All keys of the tenant, without their secrets."""
        return self._client.send(endpoints.list_keys())

    def create(
        self, name: str, *, scopes: Sequence[str] = ("read", "submit"), expires_in_s: float | None = None
    ) -> dict[str, Any]:
        """Create a key; its secret is in this response only."""
        return self._client.send(endpoints.create_key(name, scopes, expires_in_s))

    def revoke(self, key_id: str) -> None:
        """Revoke a key: the server rejects it from now on."""
        self._client.send(endpoints.revoke_key(key_id))
