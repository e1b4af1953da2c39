"""The command line as a program: exit codes, streams, Ctrl-C, a server that is not there."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.machine_speed import deadline, poll
from tests.unit.framework.cli.conftest import Program, Voicemill
from tests.unit.framework.wire_server import WireServer

COMMANDS = [
    "up",
    "worker",
    "speak",
    "transcribe",
    "evaluate",
    "jobs",
    "job",
    "cancel",
    "retry",
    "models",
    "voices",
    "keys",
    "audit",
    "migrate",
]


def test_help_lists_every_command(voicemill: Voicemill) -> None:
    shown = voicemill("--help").stdout
    assert [command for command in COMMANDS if f" {command} " not in shown] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(voicemill: Voicemill, command: str) -> None:
    assert voicemill(command, "-h").exit_code == 0


def test_help_names_the_variables_of_the_connection(voicemill: Voicemill) -> None:
    shown = voicemill("--help").stdout
    assert [name for name in ("VOICEMILL_URL", "VOICEMILL_API_KEY", "VOICEMILL_DATA_DIR") if name not in shown] == []


def test_misspelt_command_is_answered_with_the_nearest(voicemill: Voicemill) -> None:
    assert "Did you mean 'jobs'" in voicemill("jbs").stderr


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], {"httpx", "numpy", "lxml", "av", "framework.client.blocking_client"}),
        (["jobs"], {"pipelines", "numpy", "lxml", "av", "framework.cli.commands.speak"}),
        (["speak", "Hello.", "--no-wait"], {"numpy", "lxml", "av", "framework.cli.commands.transcribe"}),
    ],
)
def test_command_imports_only_what_it_needs(
    program: Program, wire: WireServer, arguments: list[str], unwanted: set[str]
) -> None:
    """What a start costs is mostly imports; `make bench BENCH=cli` prints the seconds."""
    wire.add_job()
    script = (
        "import atexit, sys; from framework.cli.main import app; sys.argv[0] = 'voicemill'\n"
        "atexit.register(lambda: print('MODULES', *sys.modules)); app()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=dict(program.environment),
        cwd=program.directory,
        capture_output=True,
        text=True,
        timeout=deadline(120),
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert set(ended.stdout.rpartition("MODULES")[2].split()) & unwanted == set()


def test_version_is_shown(voicemill: Voicemill) -> None:
    assert voicemill("--version").stdout.startswith("voicemill 0.")


@pytest.mark.parametrize("arguments", [["nonsense"], ["speak"], ["jobs", "--nonsense"], ["up", "--port", "70000"]])
def test_wrong_usage_is_exit_code_two(voicemill: Voicemill, arguments: list[str]) -> None:
    assert voicemill(*arguments).exit_code == 2


def test_program_prints_json_alone_on_stdout(program: Program, wire: WireServer) -> None:
    job_id = wire.add_job()
    ended = program.run("jobs", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [job["id"] for job in json.loads(ended.stdout)["data"]] == [job_id]


def test_missing_server_is_reported_with_instructions(program: Program, wire: WireServer) -> None:
    gone = Program({**program.environment, "VOICEMILL_URL": "http://127.0.0.1:9"}, program.directory)
    ended = gone.run("speak", "Hello.", "-o", "a.wav")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Nothing answers at http://127.0.0.1:9" in ended.stderr
    assert "`voicemill up`" in ended.stderr
    ended = gone.run("jobs", "--json")
    assert json.loads(ended.stdout)["error"]["code"] == "unreachable"


def test_without_any_server_the_error_has_instructions(program: Program) -> None:
    environment = {key: value for key, value in program.environment.items() if not key.startswith("VOICEMILL_")}
    ended = Program({**environment, "VOICEMILL_DATA_DIR": "nowhere"}, program.directory).run("jobs")
    assert ended.returncode == 2
    assert "`voicemill up`" in ended.stderr


def test_ctrl_c_without_a_terminal_leaves_the_job_and_says_how_to_cancel_it(program: Program, wire: WireServer) -> None:
    with _started(program, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        _interrupt_once_it_waits(process, wire)
        _, errors = process.communicate(timeout=deadline(60))
    [job_id] = wire.jobs
    assert process.returncode == 1
    assert f"Still running: {job_id}".encode() in errors
    assert f"voicemill cancel {job_id}".encode() in errors
    assert b"Traceback" not in errors
    assert wire.jobs[job_id]["state"] == "accepted"


@pytest.mark.parametrize(("answer", "state"), [(b"y\n", "cancelled"), (b"n\n", "accepted")])
def test_ctrl_c_on_a_terminal_offers_to_cancel(program: Program, wire: WireServer, answer: bytes, state: str) -> None:
    ours, theirs = pty.openpty()
    try:
        with _started(program, stdin=theirs, stderr=theirs) as process:
            os.close(theirs)
            screen = _Screen(ours)
            _interrupt_once_it_waits(process, wire)
            assert poll(lambda: screen.shows(b"[y/N]")), screen.seen
            os.write(ours, answer)
            assert poll(lambda: screen.shows(b"running" if state == "accepted" else b"Cancelled")), screen.seen
            assert process.wait(timeout=deadline(60)) == 1
    finally:
        os.close(ours)
    [job] = wire.jobs.values()
    assert job["state"] == state
    assert b"Traceback" not in screen.seen


def test_terminal_shows_bars_with_the_progress(program: Program, wire: WireServer) -> None:
    ours, theirs = pty.openpty()
    try:
        with _started(program, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE) as process:
            os.close(theirs)
            screen = _Screen(ours)
            assert poll(lambda: wire.jobs)
            [job_id] = wire.jobs
            wire.move(job_id, done=25.0)
            assert poll(lambda: screen.shows(b"0:25 of 1:40")), screen.seen
            assert poll(lambda: screen.shows(b"0:12 left")), screen.seen
            wire.succeed(job_id)
            out, _ = process.communicate(timeout=deadline(60))
            assert process.returncode == 0
    finally:
        os.close(ours)
    assert out == b"talk.txt\n"


def _started(program: Program, **streams: object) -> subprocess.Popen[bytes]:
    recording = Path(program.directory) / "talk.wav"
    recording.write_bytes(b"RIFF")
    command = program.command("transcribe", "talk.wav", "-f", "txt")
    return subprocess.Popen(  # type: ignore[call-overload]
        command, env=dict(program.environment), cwd=program.directory, preexec_fn=_enable_interrupts, **streams
    )


def _enable_interrupts() -> None:
    """A shell starts what runs in the background with interrupts ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupt_once_it_waits(process: subprocess.Popen[bytes], wire: WireServer) -> None:
    assert poll(lambda: any(request.path.endswith("/events") for request in wire.requests))
    process.send_signal(signal.SIGINT)


class _Screen:
    """What was written to a terminal."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.seen = b""

    def shows(self, text: bytes) -> bool:
        """Whether this was written by now."""
        os.set_blocking(self._fd, False)
        # Nothing new yet, or the other end was closed.
        with contextlib.suppress(BlockingIOError, OSError):
            self.seen += os.read(self._fd, 65536)
        return text in self.seen
