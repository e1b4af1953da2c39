"""The asyncio client: the methods of blocking_client.py, awaited. See there for their arguments and errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
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


class AsyncClient:
    """`Client` for asyncio: `async with AsyncClient() as client: job = await client.speak("…")`.

    Files are read and written from the event loop in blocks of at most 64 KiB.
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
        self._http = httpx.AsyncClient(**client_arguments(self._server))
        self.jobs = AsyncJobs(self)
        self.keys = AsyncKeys(self)

    @property
    def base_url(self) -> str:
        """The server's address, without a trailing slash."""
        return self._server.base_url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._server.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # -- submitting jobs -----------------------------------------------------------------------------------------------
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
        """Synthesise text, SSML, or a document."""
        request = endpoints.speak(
            text, ssml=ssml, file=file, idempotency_key=idempotency_key, on_upload=on_upload, options=options
        )
        return await self._submit(request, wait, on_progress)

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
        """Transcribe a recording."""
        request = endpoints.transcribe(recording, idempotency_key=idempotency_key, on_upload=on_upload, options=options)
        return await self._submit(request, wait, on_progress)

    # -- voices, models, health ----------------------------------------------------------------------------------------
    async def voices(self, *, language: str | None = None, family: str | None = None) -> list[dict[str, Any]]:
        """The voices."""
        return await self.send(endpoints.list_voices(language=language, family=family))

    async def preview(self, model: str, voice: str) -> bytes:
        """The preview of a voice as MP3."""
        return await self.jobs.read(await self.run(effects.preview_voice(model, voice, self.retries)), "mp3")

    async def save_preview(self, model: str, voice: str, destination: str | Path, *, overwrite: bool = True) -> Path:
        """Save the preview of a voice as MP3."""
        job = await self.run(effects.preview_voice(model, voice, self.retries))
        return await self.jobs.download(job, "mp3", destination, overwrite=overwrite)

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
        """Delete an enrolled voice."""
        await self.send(endpoints.delete_voice(voice_id))

    async def models(self) -> list[dict[str, Any]]:
        """The models."""
        return await self.send(endpoints.list_models())

    async def health(self) -> dict[str, Any]:
        """The server's health."""
        return await self.send(endpoints.get_health())

    # -- performing effects --------------------------------------------------------------------------------------------
    async def send(self, call: endpoints.ApiRequest[T]) -> T:
        """Send any request of `framework.client.endpoints`, with retries."""
        return await self.run(effects.send(call, self.retries))

    async def run(self, work: Operation[T]) -> T:
        """Perform the effects of `work` until it returns."""
        try:
            effect = next(work)
            while True:
                try:
                    outcome = await self._perform(effect)
                except VoicemillError as error:
                    effect = work.throw(error)
                else:
                    effect = work.send(outcome)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            work.close()

    @asynccontextmanager
    async def stream(self, call: endpoints.ApiRequest[Any], *, idle_s: float) -> AsyncIterator[httpx.Response]:
        """A response to be read in blocks."""
        with translate_errors(self._server.base_url), request_arguments(call, idle_s) as arguments:
            async with self._http.stream(**arguments, follow_redirects=True) as response:
                if response.status_code >= 400:
                    raise parse_problem(response.status_code, response.headers, await response.aread())
                yield response

    async def _perform(self, effect: Effect) -> HttpResponse | None:
        if isinstance(effect, Sleep):
            await asyncio.sleep(effect.seconds)
            return None
        if self._http.is_closed:
            raise ClientClosed
        if isinstance(effect, SendRequest):
            url = self._server.base_url
            with translate_errors(url), request_arguments(effect.request, self._timeout_s) as arguments:
                response = await self._http.request(**arguments)
            return HttpResponse(response.status_code, response.headers, response.content)
        async with self.stream(effect.request, idle_s=effect.idle_s) as response:
            async for block in response.aiter_bytes():
                if effect.consume(block):
                    break
        return None

    async def _submit(
        self, request: endpoints.ApiRequest[Job], wait: bool | float, on_progress: JobProgress | None
    ) -> Job:
        job = await self.send(request)
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
        request = endpoints.list_jobs(state=state, kind=kind, batch=batch, labels=labels, limit=limit, after=after)
        return await self._client.send(request)

    async def get(self, job_id: str, *, wait_s: float | None = None) -> Job:
        """The job now, or as soon as it has finished."""
        return await self._client.send(endpoints.get_job(job_id, wait_s=wait_s))

    async def wait(self, job_id: str, *, timeout_s: float | None = None, on_progress: JobProgress | None = None) -> Job:
        """Wait until the job has succeeded."""
        wait = effects.wait_for_job(job_id, self._client.retries, timeout_s=timeout_s, on_progress=on_progress)
        return effects.require_success(await self._client.run(wait))

    async def events(self, job_id: str) -> AsyncIterator[Event]:
        """Progress, segments and states as they happen."""
        reader = EventReader()
        async with self._client.stream(endpoints.get_job_events(job_id), idle_s=60.0) as response:
            async for block in response.aiter_bytes():
                for event in reader.feed(block):
                    yield event
                    if event.data.get("state") in FINISHED_STATES:
                        return

    async def cancel(self, job_id: str) -> Job:
        """Cancel a job."""
        return await self._client.send(endpoints.cancel_job(job_id))

    async def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Job:
        """Create a new job that reuses the finished chunks of this one."""
        return await self._client.send(endpoints.retry_job(job_id, idempotency_key=idempotency_key))

    async def delete(self, job_id: str) -> None:
        """Delete a job with its input and results."""
        await self._client.send(endpoints.delete_job(job_id))

    async def download(
        self,
        job: Job | str,
        name: str,
        destination: str | Path,
        *,
        on_progress: DownloadProgress | None = None,
        overwrite: bool = True,
    ) -> Path:
        """Save one file of the result, verified."""
        job = await self.get(job) if isinstance(job, str) else job
        retries = self._client.retries
        return await self._client.run(
            effects.download_file(job, name, Path(destination), retries, on_progress, overwrite=overwrite)
        )

    async def read(self, job: Job | str, name: str) -> bytes:
        """One file of the result in memory, verified."""
        job = await self.get(job) if isinstance(job, str) else job
        return await self._client.run(effects.read_file(job, name, self._client.retries))


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
        """Create a key; the response holds its secret."""
        return await self._client.send(endpoints.create_key(name, scopes, expires_in_s))

    async def revoke(self, key_id: str) -> None:
        """Revoke a key."""
        await self._client.send(endpoints.revoke_key(key_id))
