"""`voicemill up` as a process of a test, and what a client needs to talk to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).parents[2]
#: The protocol of production, with times that fit into a test.
QUICK = {"LEASE_S": "4", "HEARTBEAT_S": "1", "RESCUE_TRUST_S": "2", "SWEEP_S": "0.25", "RETRY_BASE_S": "0.2"}
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


def poll(condition, deadline_s=120.0):
    until = time.monotonic() + deadline_s
    while not (found := condition()):
        assert time.monotonic() < until, "not within the deadline"
        time.sleep(0.05)
    return found


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
        with (data_dir.parent / "stack.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers.stack", "--data-dir", data_dir, "--port", "0", "--families", families],
                env={**env, **{f"VOICEMILL_{name}": value for name, value in QUICK.items()}, **(environment or {})},
                cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip

    def wait_ready(self) -> RunningStack:
        """Returns when `client.json` is there."""
        path = self.data_dir / "client.json"
        poll(lambda: (path.exists() and path.read_text() != "{}") or self.process.poll() is not None)
        assert self.process.poll() is None, (self.data_dir.parent / "stack.log").read_text()[-3000:]
        self.client_file = json.loads(path.read_text())
        self.http = httpx.Client(
            base_url=self.client_file["base_url"],
            headers={"Authorization": f"Bearer {self.client_file['api_key']}"},
            timeout=90,
        )
        return self

    def speak(self, text, **fields):
        """A job, as accepted."""
        answer = self.http.post("/tts/synthesize", json={"text": text, "model": "slow", **fields})
        assert answer.status_code == 202, answer.text
        return answer.json()

    def ended(self, job):
        """The job when it has ended."""
        return poll(lambda: (now := self.http.get(f"/jobs/{job['id']}").json())["finished_at"] and now)

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
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                for process in self.tree():
                    process.kill()
                self.process.wait()
        if hasattr(self, "http"):
            self.http.close()
