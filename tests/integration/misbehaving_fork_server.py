"""A fork server whose pipelines misbehave: `python -m tests.integration.misbehaving_fork_server`."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipelines.catalog import job_kinds
from pipelines.pipeline import Plan, Span
from workers.sandbox import fork_server

KIND = "test.strange"

_leaked: list[bytearray] = []


class StrangeRequest(BaseModel):
    """What to do."""

    deed: str
    path: str = ""


def _outcome(attempt: Callable[[], Any]) -> str:
    try:
        return f"did it: {attempt()!r}"[:200]
    except (OSError, MemoryError, RuntimeError) as error:
        return type(error).__name__


def _probe(path: str) -> dict[str, Any]:
    """What a sandboxed process can do."""
    return {
        "uid": os.getuid(),
        "gid": os.getgid(),
        "groups": os.getgroups(),
        "environment": sorted(os.environ),
        "inet": _outcome(lambda: socket.socket(socket.AF_INET)),
        "inet6": _outcome(lambda: socket.socket(socket.AF_INET6)),
        "unix": _outcome(lambda: socket.socket(socket.AF_UNIX)),
        "read_outside": _outcome(lambda: Path(path).read_text()),
        "read_passwd": _outcome(lambda: Path("/etc/passwd").read_text()),
        "list_root": _outcome(lambda: list(Path("/").iterdir())),
        "write_tmp": _outcome(lambda: Path("/tmp/voicemill-was-here").write_text("x")),
        "parent_environment": _outcome(lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes()),
        "kill_parent": _outcome(lambda: os.kill(os.getppid(), 0)),
        "fork": _outcome(os.fork),
        "program": _outcome(lambda: os.execv("/bin/true", ["true"])),
        "write_own": _outcome(lambda: Path("mine").write_text("x")),
        "own_files": sorted(path.name for path in Path().iterdir()),
        "thread": _outcome(lambda: threading.Thread(target=int).start()),
        "descriptors": [number for number in range(256) if not _outcome(partial(os.fstat, number)).startswith("OS")],
    }


class Strange:
    """A pipeline whose plan does as the request says."""

    Request = StrangeRequest

    def plan(self, request: StrangeRequest, source: Path | None, sink: Any, limits: Any) -> Plan:
        header: dict[str, Any] = {}
        match request.deed:
            case "probe":
                header = _probe(request.path)
            case "crash":
                os.abort()
            case "exit":
                os._exit(3)
            case "hang":
                time.sleep(3600)
            case "spin":
                while True:
                    pass
            case "eat":
                eaten = []
                while True:
                    eaten.append(bytearray(16 << 20))
            case "fill":
                with (sink.directory / "big").open("wb") as file:
                    while True:
                        file.write(bytes(1 << 20))
            case "link":
                (sink.directory / "link").symlink_to(request.path)
                sink.put("link", sink.directory / "link")
            case "files":
                for number in range(20):
                    path = sink.directory / "chunk.pcm"
                    path.write_bytes(bytes([number]) * 1000)
                    sink.put(f"file-{number}", path)
            case "shout":
                os.write(2, b"native code says this\n" * 100)
                os.abort()
            case "who":
                header = {"pid": os.getpid(), "cpu_s": time.process_time()}
            case "litter":
                Path("litter").write_text("for the next one")
            case "grow":
                _leaked.append(bytearray(os.urandom(1 << 20)) * 100)
            case "swap":
                # In a reused process our directory is not the current one: put another in its place.
                sink.directory.rename("moved")
                sink.directory.symlink_to(request.path)
            case "import":
                header = {"text": "é".encode("cp1252").decode("cp1252"), "json": json.dumps([1])}
        return Plan(header, 1.0, "characters", [Span(0, 0.0, 1.0, 1.0)])


if __name__ == "__main__":
    assert isinstance(job_kinds.PIPELINES, dict)
    job_kinds.PIPELINES[KIND] = job_kinds.PipelineSpec("tests.integration.misbehaving_fork_server:Strange", "tts")
    fork_server.main()
