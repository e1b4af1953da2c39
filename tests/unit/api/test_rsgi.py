"""The module that an RSGI server imports."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.services.machine_speed import deadline

CODE = """
from api.rsgi import server
from api.wsgi import app, services
assert callable(server.__rsgi__)
services.close()
"""


def test_server_has_the_callbacks_of_rsgi(tmp_path, sqlite_url):
    env = {**os.environ, "VOICEMILL_DATA_DIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True, timeout=deadline(60))
    assert run.returncode == 0, run.stderr
