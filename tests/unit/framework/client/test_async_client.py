"""The asyncio client: only its I/O; the rules are tested with the blocking one."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from framework.client import async_client
from framework.client import blocking_client as client
from framework.client.async_client import AsyncClient
from framework.client.errors import BadArgument, InvalidRequest, JobFailed, NotFound, Unreachable, WaitTimeout
from tests.services.machine_speed import poll
from tests.unit.framework.conftest import QUICK, start_thread
from tests.unit.framework.wire_server import KEY, WireServer


def run(wire: WireServer, work: Callable[[AsyncClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with AsyncClient(wire.url, KEY, retries=QUICK) as opened:
            await work(opened)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("awaited", "blocking"),
    [
        (async_client.AsyncClient, client.Client),
        (async_client.AsyncJobs, client.Jobs),
        (async_client.AsyncKeys, client.Keys),
    ],
)
def test_both_clients_have_the_same_methods_and_arguments(awaited: type, blocking: type) -> None:
    def surface(cls: type) -> dict[str, list[str]]:
        return {
            name: [f"{parameter}" for parameter in inspect.signature(method).parameters.values()]
            for name, method in vars(cls).items()
            if inspect.isfunction(method) and not name.startswith("_")
        }

    assert surface(awaited) == surface(blocking)


def test_job_goes_from_upload_to_result(wire: WireServer, tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"\0" * 300_000)
    sent: list[int] = []
    done: list[float] = []

    async def work(client: AsyncClient) -> None:
        wire.drop_next()
        job = await client.transcribe(
            recording,
            on_upload=lambda now, _: sent.append(now),
            on_progress=lambda job: done.append(job.progress.done),
            formats=["txt"],
        )
        assert await client.jobs.read(job, "txt") == b"hello world\n"
        saved = await client.jobs.download(job, "txt", tmp_path)
        assert saved.read_bytes() == b"hello world\n"

    def serve() -> None:
        assert poll(lambda: wire.jobs)
        [job_id] = wire.jobs
        wire.move(job_id, done=50.0)
        assert poll(lambda: 50.0 in done)
        wire.succeed(job_id)

    server = start_thread(serve)
    run(wire, work)
    server.join()
    assert sent[-1] == 300_000
    assert wire.received("POST", "/stt/transcribe")[-1].file == b"\0" * 300_000


def test_errors_are_raised(wire: WireServer) -> None:
    async def work(client: AsyncClient) -> None:
        job_id = wire.add_job()
        with pytest.raises(WaitTimeout):
            await client.jobs.wait(job_id, timeout_s=0.1)
        wire.fail(job_id)
        with pytest.raises(JobFailed, match="It broke"):
            await client.jobs.wait(job_id)
        with pytest.raises(NotFound):
            await client.jobs.get("job_0")
        with pytest.raises(BadArgument):
            await client.speak()
        wire.refuse_next(422, "invalid", retryable=False)
        with pytest.raises(InvalidRequest):
            await client.speak("Hello.", wait=False)
        wire.drop_next(path="/keys")
        with pytest.raises(Unreachable):
            await client.keys.create("laptop")

    run(wire, work)


def test_many_jobs_are_waited_for_at_once(wire: WireServer) -> None:
    async def work(client: AsyncClient) -> None:
        jobs = await asyncio.gather(*(client.speak(f"Number {n}.", wait=False) for n in range(5)))
        waits = [asyncio.create_task(client.jobs.wait(job.id)) for job in jobs]
        for job in jobs:
            wire.succeed(job.id)
        assert all(job.is_successful for job in await asyncio.gather(*waits))

    run(wire, work)


def test_events_arrive_as_they_happen(wire: WireServer) -> None:
    async def work(client: AsyncClient) -> None:
        job_id = wire.add_job()
        wire.add_segment(job_id, "Hello.")
        wire.succeed(job_id)
        assert [event.name async for event in client.jobs.events(job_id)] == ["segment", "state"]

    run(wire, work)


def test_other_methods_return_what_the_server_sends(wire: WireServer, tmp_path: Path) -> None:
    async def work(client: AsyncClient) -> None:
        job_id = wire.add_job()
        assert [job.id for job in (await client.jobs.list(limit=1)).data] == [job_id]
        assert (await client.jobs.cancel(job_id)).state == "cancelled"
        assert (await client.jobs.retry(job_id)).id != job_id
        await client.jobs.delete(job_id)
        assert len(await client.voices()) == 2
        assert (await client.add_voice(b"speech", "Ann", consent=True))["name"] == "Ann"
        await client.delete_voice("voice_1")
        wire.previews["/tts/voices/espeak/de/preview"] = sample = wire.add_job("tts.synthesize")
        wire.succeed(sample, {"audio.mp3": b"ID3"})
        assert await client.preview("espeak", "de") == b"ID3"
        assert (await client.save_preview("espeak", "de", tmp_path)).name == "audio.mp3"
        assert len(await client.models()) == 2
        assert (await client.health())["status"] == "ok"
        assert (await client.keys.create("x"))["id"] == "k1"
        await client.keys.revoke("k1")

    run(wire, work)


def test_cancelled_wait_closes_its_stream(wire: WireServer) -> None:
    async def work(client: AsyncClient) -> None:
        job_id = wire.add_job()
        waiting = asyncio.create_task(client.jobs.wait(job_id))
        while not wire.received("GET", f"/jobs/{job_id}/events"):
            await asyncio.sleep(0.005)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert wire.jobs[job_id]["state"] == "accepted"

    run(wire, work)
