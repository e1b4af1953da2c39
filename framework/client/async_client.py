"""The asyncio client: the same calls and rules as client.py, awaited. See there for what methods do and raise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
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


class AsyncClient:
    """`Client` for asyncio: `async with AsyncClient() as client: job = await client.speak("…")`.

    Files are read and written from the event loop in pieces of at most 64 KiB.
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
        self._http = httpx.AsyncClient(**client_options(self._server))
        self.jobs = AsyncJobs(self)
        self.keys = AsyncKeys(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._server.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # -- work ----------------------------------------------------------------------------------------------------------
    async def speak(
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
        """Text, SSML, or a document, into speech."""
        call = endpoints.speak(
            text, ssml=ssml, file=file, idempotency_key=idempotency_key, on_upload=on_upload, options=options
        )
        return await self._submit(call, wait, on_progress)

    async def transcribe(
        self,
        recording: Source,
        *,
        wait: bool | float = True,
        idempotency_key: str | None = None,
        on_upload: UploadProgress | None = None,
        on_progress: JobProgress | None = None,
        **options: Unpack[TranscriptionOptions],
    ) -> Job:
        """A recording into text."""
        call = endpoints.transcribe(recording, idempotency_key=idempotency_key, on_upload=on_upload, options=options)
        return await self._submit(call, wait, on_progress)

    # -- what the server has -------------------------------------------------------------------------------------------
    async def voices(self, *, language: str | None = None, family: str | None = None) -> list[dict[str, Any]]:
        """The voices."""
        return await self.send(endpoints.voices(language=language, family=family))

    async def preview(self, model: str, voice: str) -> bytes:
        """A sample of a voice as MP3."""
        return await self.jobs.read(await self.run(effects.preview(model, voice, self.retries)), "mp3")

    async def save_preview(self, model: str, voice: str, destination: str | Path) -> Path:
        """The same into a file."""
        return await self.jobs.download(await self.run(effects.preview(model, voice, self.retries)), "mp3", destination)

    async def add_voice(
        self,
        recording: Source,
        name: str,
        *,
        consent: bool,
        language: str | None = None,
        gender: str | None = None,
        on_upload: UploadProgress | None = None,
    ) -> dict[str, Any]:
        """Enrol a voice."""
        fields = {"name": name, "consent": consent, "language": language, "gender": gender}
        return await self.send(endpoints.add_voice(recording, on_upload=on_upload, fields=fields))

    async def delete_voice(self, voice_id: str) -> None:
        """Forget an enrolled voice."""
        await self.send(endpoints.delete_voice(voice_id))

    async def models(self) -> list[dict[str, Any]]:
        """The models."""
        return await self.send(endpoints.models())

    async def health(self) -> dict[str, Any]:
        """How the server is."""
        return await self.send(endpoints.health())

    # -- carrying steps out --------------------------------------------------------------------------------------------
    async def send(self, call: endpoints.Call[T]) -> T:
        """Send any call of `framework.client.endpoints`, with retries."""
        return await self.run(effects.send(call, self.retries))

    async def run(self, work: Steps[T]) -> T:
        """Carry out the steps of `work` until it returns."""
        try:
            step = next(work)
            while True:
                try:
                    answer = await self._do(step)
                except VoicemillError as error:
                    step = work.throw(error)
                else:
                    step = work.send(answer)
        except StopIteration as end:
            return end.value
        finally:
            work.close()

    @asynccontextmanager
    async def stream(self, call: endpoints.Call[Any], *, idle_s: float) -> AsyncIterator[httpx.Response]:
        """An answer to be read piece by piece."""
        with errors_translated(self._server.base_url), request_options(call, idle_s) as options:
            async with self._http.stream(**options, follow_redirects=True) as response:
                if response.status_code >= 400:
                    raise problem(response.status_code, response.headers, await response.aread())
                yield response

    async def _do(self, step: Attempt | Stream | Pause) -> Answer | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        if self._http.is_closed:
            raise ClientClosed
        if isinstance(step, Attempt):
            with errors_translated(self._server.base_url), request_options(step.call, self._timeout_s) as options:
                response = await self._http.request(**options)
            return Answer(response.status_code, response.headers, response.content)
        async with self.stream(step.call, idle_s=step.idle_s) as response:
            async for piece in response.aiter_bytes():
                if step.take(piece):
                    break
        return None

    async def _submit(self, call: endpoints.Call[Job], wait: bool | float, on_progress: JobProgress | None) -> Job:
        job = await self.send(call)
        if wait is False:
            return job
        return await self.jobs.wait(job.id, timeout_s=None if wait is True else float(wait), on_progress=on_progress)


class AsyncJobs:
    """`client.jobs`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def list(
        self,
        *,
        state: str | None = None,
        kind: str | None = None,
        batch: str | None = None,
        labels: Mapping[str, str] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Job]:
        """One page."""
        call = endpoints.list_jobs(state=state, kind=kind, batch=batch, labels=labels, limit=limit, after=after)
        return await self._client.send(call)

    async def get(self, job_id: str, *, wait_s: float | None = None) -> Job:
        """The job now, or as soon as it ends."""
        return await self._client.send(endpoints.get_job(job_id, wait_s=wait_s))

    async def wait(self, job_id: str, *, timeout_s: float | None = None, on_progress: JobProgress | None = None) -> Job:
        """The succeeded job."""
        followed = effects.follow(job_id, self._client.retries, timeout_s=timeout_s, on_progress=on_progress)
        return effects.successful(await self._client.run(followed))

    async def events(self, job_id: str) -> AsyncIterator[Event]:
        """Progress, segments and states as they come."""
        reader = EventReader()
        async with self._client.stream(endpoints.job_events(job_id), idle_s=60.0) as response:
            async for piece in response.aiter_bytes():
                for event in reader.feed(piece):
                    yield event
                    if event.data.get("state") in FINISHED_STATES:
                        return

    async def cancel(self, job_id: str) -> Job:
        """Ask for its end."""
        return await self._client.send(endpoints.cancel_job(job_id))

    async def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Job:
        """A new job that keeps the finished chunks of this one."""
        return await self._client.send(endpoints.retry_job(job_id, idempotency_key=idempotency_key))

    async def delete(self, job_id: str) -> None:
        """Remove it with its input and results."""
        await self._client.send(endpoints.delete_job(job_id))

    async def download(
        self, job: Job | str, name: str, destination: str | Path, *, on_progress: DownloadProgress | None = None
    ) -> Path:
        """Save one file of the result, checked."""
        job = await self.get(job) if isinstance(job, str) else job
        return await self._client.run(effects.download(job, name, Path(destination), self._client.retries, on_progress))

    async def read(self, job: Job | str, name: str) -> bytes:
        """One file of the result in memory, checked."""
        job = await self.get(job) if isinstance(job, str) else job
        return await self._client.run(effects.read(job, name, self._client.retries))


class AsyncKeys:
    """`client.keys`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def list(self) -> list[dict[str, Any]]:
        """All keys of the tenant."""
        return await self._client.send(endpoints.list_keys())

    async def create(
        self, name: str, *, scopes: Sequence[str] = ("read", "submit"), expires_in_s: float | None = None
    ) -> dict[str, Any]:
        """A new key with its secret."""
        return await self._client.send(endpoints.create_key(name, scopes, expires_in_s))

    async def revoke(self, key_id: str) -> None:
        """The key opens nothing from now on."""
        await self._client.send(endpoints.revoke_key(key_id))
