"""What the start of a command costs: CPU seconds until it has printed its help, or found that there is no server."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.report import Section, format_range

_RUNS = 10
_COMMANDS = (("--help",), ("jobs",), ("speak", "Hello.", "--no-wait"), ("transcribe", "--help"))


def measure_commands() -> Section:
    """The console script in a fresh process, with compiled modules; nothing answers at VOICEMILL_URL."""
    section = Section(
        "Start of the command line, s of CPU",
        f"User and system time of the whole process, {_RUNS} runs after one that compiles the modules. No server "
        "answers, so that a command ends after its first connection.",
        ("command", "s of CPU"),
    )
    for arguments in _COMMANDS:
        _cpu_s(arguments)
        seconds = [_cpu_s(arguments) for _ in range(_RUNS)]
        section.rows.append((f"`voicemill {' '.join(arguments)}`", format_range(seconds, 2)))
    return section


def _cpu_s(arguments: tuple[str, ...]) -> float:
    command = [str(Path(sys.executable).with_name("voicemill")), *arguments]
    environment = {**os.environ, "VOICEMILL_URL": "http://127.0.0.1:9", "VOICEMILL_API_KEY": "vm_none"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
