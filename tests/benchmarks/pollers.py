"""Clients that wait for jobs: `python -m tests.benchmarks.pollers BASE_URL AUTHORIZATION ID…` long-polls each id."""

from __future__ import annotations

import asyncio
import sys


async def _wait(host: str, port: int, authorization: str, job_id: str) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    while True:
        head = f"GET /jobs/{job_id}?wait=15 HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\n\r\n"
        writer.write(head.encode())
        header = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(header.split("content-length:")[1].split("\r\n")[0]))
        if "retry-after:" in header:
            await asyncio.sleep(float(header.split("retry-after:")[1].split("\r\n")[0]))


async def _main(base_url: str, authorization: str, *ids: str) -> None:
    host, _, port = base_url.removeprefix("http://").partition(":")
    await asyncio.gather(*(_wait(host, int(port), authorization, job_id) for job_id in ids))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
