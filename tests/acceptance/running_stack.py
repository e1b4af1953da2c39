"""`voicemill up` as a process of a test, and what a client needs to talk to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

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
target = "tests.faults.slow_family:load_speaker"
engines = ["numpy"]
languages = ["*"]
default_voice = "tone"
sample_rate_hz = 16000
slots = 2
chunk_characters = 60
auto = false
"""


class RunningStack:
    """One `python -m workers.stack`, with what a client needs to talk to it."""

    def __init__(self, data_dir: Path, families: str = "slow", environment: Mapping[str, str] | None = None) -> None:
        """`environment`: settings beside the quick ones, with their VOICEMILL_ prefix, and credentials."""
        self.data_dir = data_dir
        data_dir.mkdir(exist_ok=True)
        (data_dir / "models.toml").write_text(MODELS)
        if (data_dir / "client.json").exists():
            # Left by one that was killed: the new stack removes it before anything else.
            (data_dir / "client.json").write_text("{}")
        env = {name: value for name, value in os.environ.items() if not name.startswith("VOICEMILL_")}
        quick = {f"VOICEMILL_{name}": value for name, value in ProtocolTimes().settings().items()}
        with (data_dir.parent / "stack.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers.stack", "--data-dir", data_dir, "--port", "0", "--families", families],
                env={**env, **quick, **(environment or {})},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def wait_ready(self) -> RunningStack:
        """Returns when `client.json` is there."""
        path = self.data_dir / "client.json"
        # It gives up by itself when nothing goes on; until then it is as slow as the machine.
        ready = poll(
            lambda: (path.exists() and path.read_text() not in ("", "{}")) or self.process.poll() is not None,
            deadline_s=600,
        )
        assert ready, self.log()
        assert self.process.poll() is None, self.log()
        self.client_file = json.loads(path.read_text())
        self.http = httpx.Client(
            base_url=self.client_file["base_url"],
            headers={"Authorization": f"Bearer {self.client_file['api_key']}"},
            timeout=deadline(90),
        )
        return self

    def log(self):
        """The end of what the stack has said."""
        return (self.data_dir.parent / "stack.log").read_text()[-3000:]

    def speak(self, text, **fields):
        """A job, as accepted."""
        answer = self.http.post("/tts/synthesize", json={"text": text, "model": "slow", **fields})
        assert answer.status_code == 202, answer.text
        return answer.json()

    def ended(self, job):
        """The job when it has ended."""
        ended = poll(lambda: (now := self.http.get(f"/jobs/{job['id']}").json())["finished_at"] and now, deadline_s=120)
        assert ended, self.http.get(f"/jobs/{job['id']}").json()
        return ended

    def tree(self):
        """Every process of the stack."""
        head = psutil.Process(self.process.pid)
        return [head, *head.children(recursive=True)]

    def one(self, *words):
        """The process whose command line has all these words and whose parent is the stack."""
        for child in psutil.Process(self.process.pid).children():
            if all(word in " ".join(child.cmdline()) for word in words):
                return child
        raise AssertionError(f"no process with {words}")

    def stop(self):
        """End it, whatever state it is in."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            if not poll(lambda: self.process.poll() is not None, deadline_s=90):
                for process in self.tree():
                    process.kill()
                self.process.wait()
        if hasattr(self, "http"):
            self.http.close()
