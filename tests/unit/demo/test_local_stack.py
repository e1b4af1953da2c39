"""`voicemill up` as a child of the demo, here a small program in its place."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

from tests.services.machine_speed import deadline, poll

DEMO = Path(__file__).resolve().parents[3] / "demo"
READY = """
import json, os, pathlib, signal, subprocess, sys, time
data_dir = pathlib.Path(sys.argv[sys.argv.index("--data-dir") + 1])
(data_dir / "environment.json").write_text(json.dumps(dict(os.environ)))
(data_dir / "client.tmp").write_text(json.dumps({"base_url": "http://x", "arguments": sys.argv[1:]}))
(data_dir / "client.tmp").rename(data_dir / "client.json")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    time.sleep(0.05)
"""


@pytest.fixture
def local_stack(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DEMO))
    return import_module("local_stack")


@pytest.fixture
def build_stack(local_stack: ModuleType, tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """`build_stack(source)`: a stack that runs this program instead of `voicemill`."""
    program, data_dir = tmp_path / "voicemill", tmp_path / "data"
    data_dir.mkdir()
    built = []

    def build(source: str) -> Any:
        program.write_text(f"#!{sys.executable}\n{source}")
        program.chmod(0o755)
        stack = local_stack.LocalStack(data_dir, ["espeak", "tone"], "127.0.0.1:9")
        stack._command[4] = str(program)
        built.append(stack)
        return stack

    yield build
    for stack in built:
        stack.stop()


def test_stack_is_ready_once_its_client_file_exists_and_stops_cleanly(
    build_stack: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICEMILL_DATABASE_URL", "postgresql://of-another-server")
    with build_stack(READY) as stack:
        arguments = stack.client_file["arguments"]
        assert arguments == ["up", "--port", "0", "--data-dir", str(stack.data_dir), "--families", "espeak,tone"]
        environment = (stack.data_dir / "environment.json").read_text()
        assert "of-another-server" not in environment
        assert '"VOICEMILL_OUTBOUND_ALLOW": "127.0.0.1:9"' in environment
        assert stack.stop() == 0
    assert stack.find_leftovers() == []


def test_lines_about_waiting_are_printed_once(
    build_stack: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    stack = build_stack("")
    stack._log.write_text("starting\nredis: waiting: it starts\napi: waiting: not com")
    shown = stack._show_waiting(0)
    assert capsys.readouterr().out == "  redis: waiting: it starts\n"
    with stack._log.open("a") as log:
        log.write("plete yet\n")
    stack._show_waiting(shown)
    assert capsys.readouterr().out == "  api: waiting: not complete yet\n"


def test_stack_that_ends_while_it_starts_is_an_error_with_its_log(
    local_stack: ModuleType, build_stack: Callable[[str], Any]
) -> None:
    with (
        pytest.raises(local_stack.StackFailed, match="no port is free"),
        build_stack("raise SystemExit('no port is free')"),
    ):
        pass


def test_process_that_outlives_the_stack_is_a_leftover(build_stack: Callable[[str], Any]) -> None:
    leaves_a_child = READY.replace(
        "signal.signal",
        'subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", str(data_dir)])\nsignal.signal',
    )
    with build_stack(leaves_a_child) as stack:
        assert poll(lambda: len(psutil.Process(stack._process.pid).children()) == 1)
    leftovers = stack.find_leftovers()
    for leftover in leftovers:
        psutil.Process(int(leftover.split()[0])).kill()
    [leftover] = leftovers
    assert "time.sleep(600)" in leftover


def test_stack_ends_with_the_demo(local_stack: ModuleType) -> None:
    """The demo is killed here, so only the kernel can tell its child."""
    program = (
        "import os, subprocess, sys, time\n"
        "from local_stack import _EXIT_WITH_PARENT\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "child = subprocess.Popen([sys.executable, '-c', _EXIT_WITH_PARENT, str(os.getpid()), *sleep])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    demo = subprocess.Popen([sys.executable, "-c", program], cwd=DEMO, stdout=subprocess.PIPE, env=dict(os.environ))
    assert demo.stdout is not None
    child = psutil.Process(int(demo.stdout.readline()))
    # Before it executes `sleep` its command line is longer, and it would notice the missing parent by itself.
    assert poll(lambda: child.cmdline() == [sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        demo.kill()
        demo.wait(timeout=deadline(30))
        assert poll(lambda: not local_stack._is_alive(child))
    finally:
        demo.stdout.close()
        if local_stack._is_alive(child):
            child.kill()
