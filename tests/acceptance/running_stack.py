"""`voicemill up` as a child process of a test, with an HTTP client for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.services.machine_speed import deadline, poll
from tests.services.protocol_times import ProtocolTimes

ROOT = Path(__file__).parents[2]
MODELS = """
[[model]]
name = "slow"
kind = "tts"
family = "slow"
target = "tests.faults.slow_family:load_synthesiser"
engines = ["numpy"]
languages = ["*"]
default_voice = "tone"
sample_rate_hz = 16000
slots = 2
chunk_characters = 60
auto = false
"""


class RunningStack:
    """One `python -m workers.stack`; `http` is a client of its API."""

    def __init__(self, data_dir: Path, families: str = "slow", environment: Mapping[str, str] | None = None) -> None:
        """`environment`: settings with their VOICEMILL_ prefix, and credentials, besides short protocol times."""
        self.data_dir = data_dir
        data_dir.mkdir(exist_ok=True)
        (data_dir / "models.toml").write_text(MODELS)
        if (data_dir / "client.json").exists():
            # Left by a killed stack; the new one removes it first.
            (data_dir / "client.json").write_text("{}")
        env = {name: value for name, value in os.environ.items() if not name.startswith("VOICEMILL_")}
        short = {f"VOICEMILL_{name}": value for name, value in ProtocolTimes().settings().items()}
        with (data_dir.parent / "stack.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers.stack", "--data-dir", data_dir, "--port", "0", "--families", families],
                env={**env, **short, **(environment or {})},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def wait_ready(self) -> RunningStack:
        """Wait until the stack has written `client.json`."""
        path = self.data_dir / "client.json"
        # The stack ends by itself when a process does not start.
        ready = poll(
            lambda: (path.exists() and path.read_text() not in ("", "{}")) or self.process.poll() is not None,
            deadline_s=600,
        )
        assert ready, self.read_log()
        assert self.process.poll() is None, self.read_log()
        self.client_file = json.loads(path.read_text())
        self.http = httpx.Client(
            base_url=self.client_file["base_url"],
            headers={"Authorization": f"Bearer {self.client_file['api_key']}"},
            timeout=deadline(90),
        )
        return self

    def read_log(self) -> str:
        """The end of the stack's log."""
        return (self.data_dir.parent / "stack.log").read_text()[-3000:]

    def submit(self, text: str, **fields: Any) -> dict[str, Any]:
        """Submit a synthesis job; returns the response."""
        answer = self.http.post("/tts/synthesize", json={"text": text, "model": "slow", **fields})
        assert answer.status_code == 202, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def wait_until_ended(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Wait until the job has ended; returns it."""
        ended: dict[str, Any] = poll(
            lambda: (now := self.http.get(f"/jobs/{job['id']}").json())["finished_at"] and now, deadline_s=120
        )
        assert ended, self.http.get(f"/jobs/{job['id']}").json()
        return ended

    def list_processes(self) -> list[psutil.Process]:
        """All processes of the stack."""
        head = psutil.Process(self.process.pid)
        return [head, *head.children(recursive=True)]

    def find_process(self, *words: str) -> psutil.Process:
        """The child process of the stack with all these words in its command line."""
        for child in psutil.Process(self.process.pid).children():
            if all(word in " ".join(child.cmdline()) for word in words):
                return child
        raise AssertionError(f"no process with {words}")

    def stop(self) -> None:
        """Stop it in any state."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            if not poll(lambda: self.process.poll() is not None, deadline_s=90):
                for process in self.list_processes():
                    process.kill()
                self.process.wait()
        if hasattr(self, "http"):
            self.http.close()
