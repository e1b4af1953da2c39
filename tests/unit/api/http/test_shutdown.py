"""The end of the process is noticed beside the handlers of the server."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.services.machine_speed import deadline

CODE = """
import os, signal, threading
from api.http.shutdown import on_shutdown

called = threading.Event()
calls = []
handled = []
on_shutdown(lambda: (calls.append(1), called.set()))
for name in ("SIGTERM", "SIGINT", "SIGUSR1"):
    signal.signal(getattr(signal, name), lambda number, _: handled.append(number))
os.kill(os.getpid(), signal.SIGUSR1)
assert not called.wait(0.2)
for _ in range(2):
    os.kill(os.getpid(), signal.{name})
assert called.wait(30)
print(len(calls), len(handled))
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_callback_is_called_once_and_the_handlers_of_the_server_stay(name):
    code = CODE.replace("{name}", name)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=deadline(60))
    assert (run.returncode, run.stdout.split()) == (0, ["1", "3"]), run.stderr


LOOP_CODE = """
import asyncio, os, signal, threading
from api.http.shutdown import on_loop_shutdown

called = threading.Event()

async def run():
    handled = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, handled.set)
    on_loop_shutdown(called.set)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(handled.wait(), 30)

asyncio.run(run())
assert called.wait(30)
"""


def test_callback_is_called_beside_the_handler_of_an_event_loop():
    run = subprocess.run([sys.executable, "-c", LOOP_CODE], capture_output=True, text=True, timeout=deadline(60))
    assert run.returncode == 0, run.stderr
