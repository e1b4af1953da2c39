"""The blocking client. Thin: requests are built in calls.py, the rules of retrying and waiting stand in steps.py."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar, Unpack

import httpx

from . import effects, endpoints
from .download import DownloadProgress
from .effects import Answer, Attempt, JobProgress, Pause, Steps, Stream
from .errors import ClientClosed, VoicemillError
from .events import Event, EventReader
from .job import FINISHED_STATES, Job, Page
from .options import SpeechOptions, TranscriptionOptions
from .responses import problem
from .retry_policy import Retries
from .settings import find_server
from .transport import client_options, errors_translated, request_options
from .upload import Source, UploadProgress

T = TypeVar("T")


class Client:
    """Talks to one Voicemill server.

    Without arguments it finds the server by VOICEMILL_URL and VOICEMILL_API_KEY, else the one that `voicemill up`
    started here. Calls that change something carry an Idempotency-Key, so that a retry never does the work twice.
    Every method raises the exceptions of `framework.client.errors`. Use it as a context manager, or `close()` it;
    threads may share it.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = 30.0,
        retries: Retries = Retries(),
    ) -> None:
        self._server = find_server(base_url, api_key)
        self._timeout_s = timeout_s
        self.retries = retries
        self._http = httpx.Client(**client_options(self._server))
        self.jobs = Jobs(self)
        self.keys = Keys(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._server.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # -- work ----------------------------------------------------------------------------------------------------------
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
        """Text, SSML, or a document (txt, md, html, epub, docx, ssml), into speech.

        `wait`: True = until it ends, seconds = at most so long (then WaitTimeout), False = answer as soon as it is
        accepted. A job that ends without a result raises JobUnsuccessful.
        """
        call = endpoints.speak(
            text, ssml=ssml, file=file, idempotency_key=idempotency_key, on_upload=on_upload, options=options
        )
        return self._submit(call, wait, on_progress)

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
        """A recording (path, bytes or binary file) into text. `wait` as in `speak`."""
        call = endpoints.transcribe(recording, idempotency_key=idempotency_key, on_upload=on_upload, options=options)
        return self._submit(call, wait, on_progress)

    # -- what the server has -------------------------------------------------------------------------------------------
    def voices(self, *, language: str | None = None, family: str | None = None) -> list[dict[str, Any]]:
        """The voices, as the API lists them."""
        return self.send(endpoints.voices(language=language, family=family))

    def preview(self, model: str, voice: str) -> bytes:
        """A sample of a voice as MP3. The server makes it once, which this waits for."""
        return self.jobs.read(self.run(effects.preview(model, voice, self.retries)), "mp3")

    def save_preview(self, model: str, voice: str, destination: str | Path) -> Path:
        """The same into a file."""
        return self.jobs.download(self.run(effects.preview(model, voice, self.retries)), "mp3", destination)

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
        """Enrol a voice from a recording (path, bytes or binary file); its `id` is a `voice` for models that clone.

        `consent`: the person who speaks has agreed; without it the server refuses.
        """
        fields = {"name": name, "consent": consent, "language": language, "gender": gender}
        return self.send(endpoints.add_voice(recording, on_upload=on_upload, fields=fields))

    def delete_voice(self, voice_id: str) -> None:
        """Forget an enrolled voice and its recording; jobs that were accepted before still speak with it."""
        self.send(endpoints.delete_voice(voice_id))

    def models(self) -> list[dict[str, Any]]:
        """The models, with `name`, `kind` and whether they are ready."""
        return self.send(endpoints.models())

    def health(self) -> dict[str, Any]:
        """How the server is; by component for keys with the scope `admin`. Answers also when it is not well."""
        return self.send(endpoints.health())

    # -- carrying steps out --------------------------------------------------------------------------------------------
    def send(self, call: endpoints.Call[T]) -> T:
        """Send any call of `framework.client.endpoints`, with retries."""
        return self.run(effects.send(call, self.retries))

    def run(self, work: Steps[T]) -> T:
        """Carry out the steps of `work` until it returns."""
        try:
            step = next(work)
            while True:
                try:
                    answer = self._do(step)
                except VoicemillError as error:
                    step = work.throw(error)
                else:
                    step = work.send(answer)
        except StopIteration as end:
            return end.value
        finally:
            work.close()

    def _do(self, step: Attempt | Stream | Pause) -> Answer | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        if self._http.is_closed:
            raise ClientClosed
        if isinstance(step, Attempt):
            with errors_translated(self._server.base_url), request_options(step.call, self._timeout_s) as options:
                response = self._http.request(**options)
            return Answer(response.status_code, response.headers, response.content)
        with self.stream(step.call, idle_s=step.idle_s) as response:
            for piece in response.iter_bytes():
                if step.take(piece):
                    break
        return None

    @contextmanager
    def stream(self, call: endpoints.Call[Any], *, idle_s: float) -> Iterator[httpx.Response]:
        """An answer to be read piece by piece. Raises ApiError for a refusal, Unreachable when it breaks off."""
        with (
            errors_translated(self._server.base_url),
            request_options(call, idle_s) as options,
            self._http.stream(**options, follow_redirects=True) as response,
        ):
            if response.status_code >= 400:
                raise problem(response.status_code, response.headers, response.read())
            yield response

    def _submit(self, call: endpoints.Call[Job], wait: bool | float, on_progress: JobProgress | None) -> Job:
        job = self.send(call)
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
        """One page, newest first; pass its `next` as `after` for the following one."""
        call = endpoints.list_jobs(state=state, kind=kind, batch=batch, labels=labels, limit=limit, after=after)
        return self._client.send(call)

    def get(self, job_id: str, *, wait_s: float | None = None) -> Job:
        """The job now; with `wait_s` (≤ 60) as soon as it ends within these seconds."""
        return self._client.send(endpoints.get_job(job_id, wait_s=wait_s))

    def wait(self, job_id: str, *, timeout_s: float | None = None, on_progress: JobProgress | None = None) -> Job:
        """The succeeded job. Raises JobUnsuccessful, or WaitTimeout after `timeout_s` (None = never)."""
        followed = effects.follow(job_id, self._client.retries, timeout_s=timeout_s, on_progress=on_progress)
        return effects.successful(self._client.run(followed))

    def events(self, job_id: str) -> Iterator[Event]:
        """Progress, segments and states as they come, until the job has ended. Raises Unreachable when cut off."""
        reader = EventReader()
        with self._client.stream(endpoints.job_events(job_id), idle_s=60.0) as response:
            for piece in response.iter_bytes():
                for event in reader.feed(piece):
                    yield event
                    if event.data.get("state") in FINISHED_STATES:
                        return

    def cancel(self, job_id: str) -> Job:
        """Ask for its end. A finished job stays as it is."""
        return self._client.send(endpoints.cancel_job(job_id))

    def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Job:
        """A new job that keeps the finished chunks of this one."""
        return self._client.send(endpoints.retry_job(job_id, idempotency_key=idempotency_key))

    def delete(self, job_id: str) -> None:
        """Remove it with its input and results."""
        self._client.send(endpoints.delete_job(job_id))

    def download(
        self, job: Job | str, name: str, destination: str | Path, *, on_progress: DownloadProgress | None = None
    ) -> Path:
        """Save one file of the result, checked by its SHA-256. `name` may be an ending (`"srt"`); a directory as
        destination keeps the file's own name. Raises CorruptDownload, BadArgument."""
        job = self.get(job) if isinstance(job, str) else job
        return self._client.run(effects.download(job, name, Path(destination), self._client.retries, on_progress))

    def read(self, job: Job | str, name: str) -> bytes:
        """One file of the result in memory, checked. `name` as in `download`."""
        job = self.get(job) if isinstance(job, str) else job
        return self._client.run(effects.read(job, name, self._client.retries))


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
        """A new key; this answer alone holds its secret."""
        return self._client.send(endpoints.create_key(name, scopes, expires_in_s))

    def revoke(self, key_id: str) -> None:
        """The key opens nothing from now on."""
        self._client.send(endpoints.revoke_key(key_id))
