"""What the process writes about requests: ids, never texts or keys."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.services.machine_speed import deadline

SCRIPT = """
import sys
from api.log_lines import configure_log
configure_log(json_lines=sys.argv[1] == "json")
import structlog
structlog.contextvars.bind_contextvars(request="r-1")
def fail(secret):
    raise ValueError("wrong")
try:
    fail("hunter2")
except ValueError as error:
    structlog.get_logger("api").error("request_failed", exc_info=error)
"""


def lines(kind):
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, kind], capture_output=True, text=True, check=True, timeout=deadline(60)
    )
    assert ran.stdout == ""
    return ran.stderr


def test_traceback_holds_no_values_of_variables():
    for kind in ("json", "text"):
        text = lines(kind)
        assert "ValueError" in text and "wrong" in text
        # The source line is quoted, the argument's value is not.
        assert "hunter2" not in text.replace('fail("hunter2")', "")


def test_json_lines_are_one_object_each_with_the_request():
    (line,) = lines("json").splitlines()
    parsed = json.loads(line)
    assert (parsed["event"], parsed["request"], parsed["level"]) == ("request_failed", "r-1", "error")
