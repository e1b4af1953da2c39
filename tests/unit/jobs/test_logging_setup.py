"""What the process writes about requests: ids, never texts or keys."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.services.machine_speed import deadline

SCRIPT = """
import logging, sys, threading
from jobs.logging_setup import configure_logging
configure_logging(json_lines=sys.argv[1] == "json")
import structlog
def fail(secret):
    raise ValueError(f"{secret} is wrong")
secret = "hunt" + "er2"
def run():
    structlog.contextvars.bind_contextvars(request="r-1")
    try:
        fail(secret)
    except ValueError as error:
        if sys.argv[2] == "thread":
            raise
        if sys.argv[2] == "log":
            structlog.get_logger("api").error("request_failed", exc_info=error)
        else:
            logging.getLogger("a.library").exception("request_failed")
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""


def run_script(kind: str, raised: str = "log") -> str:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, kind, raised], capture_output=True, text=True, check=True, timeout=deadline(60)
    )
    assert ran.stdout == ""
    return ran.stderr


@pytest.mark.parametrize("kind", ["json", "text"])
@pytest.mark.parametrize("raised", ["log", "standard library", "thread"])
def test_traceback_names_places_and_holds_neither_values_nor_messages(kind: str, raised: str) -> None:
    text = run_script(kind, raised)
    assert "ValueError" in text and ("in fail" in text) and "hunter2" not in text


def test_json_lines_are_one_object_each_with_the_request() -> None:
    (line,) = run_script("json").splitlines()
    parsed = json.loads(line)
    assert (parsed["event"], parsed["request"], parsed["level"]) == ("request_failed", "r-1", "error")
