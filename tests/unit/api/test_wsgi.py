"""The module that a WSGI server imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.services.machine_speed import deadline

CODE = """
import os, signal, time
from api.wsgi import app, services
assert app.test_client().get("/audio/health").status_code == 200
os.kill(os.getpid(), signal.SIGTERM)
until = time.monotonic() + 60
while not services.watcher._closed and time.monotonic() < until:
    time.sleep(0.01)
print("closed", services.watcher._closed)
"""


def test_what_an_operator_has_to_do_first_is_one_sentence(tmp_path):
    env = {**os.environ, "VOICEMILL_DATA_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", "import api.wsgi"], env=env, capture_output=True, text=True, timeout=deadline(60)
    )
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "voicemill api: The database is not prepared for this version of the server. Run `voicemill migrate` first."
    ]


def test_application_serves_and_releases_its_waiters_at_sigterm(tmp_path, sqlite_url):
    env = {**os.environ, "VOICEMILL_DATA_DIR": str(tmp_path)}
    # As a server does: its own handler keeps the process alive while requests finish.
    code = f"import signal; signal.signal({int(signal.SIGTERM)}, lambda *_: None)\n{CODE}"
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=deadline(60))
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "closed True"
