"""Landlock, in a process of its own that it restricts for good."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workers.sandbox import landlock

ROOT = Path(__file__).parents[4]
_PROGRAM = """
import json, sys
from pathlib import Path
from workers.sandbox import landlock

def outcome(attempt):
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "done"

root = Path(sys.argv[1])
landlock.restrict(readable=[root / "code", root / "missing"], writable=root / "work")
print(json.dumps([
    outcome(lambda: (root / "work" / "new").write_text("x")),
    outcome(lambda: (root / "code" / "module.py").read_text()),
    outcome(lambda: (root / "code" / "module.py").write_text("x")),
    outcome(lambda: (root / "secret").read_text()),
]))
"""


@pytest.mark.skipif(not landlock.version(), reason="no Landlock in this kernel")
def test_a_process_reads_and_writes_only_what_it_named(tmp_path: Path) -> None:
    for directory in ("code", "work"):
        (tmp_path / directory).mkdir()
    (tmp_path / "code" / "module.py").write_text("pass")
    (tmp_path / "secret").write_text("another chunk's")
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == ["done", "done", "PermissionError", "PermissionError"]
