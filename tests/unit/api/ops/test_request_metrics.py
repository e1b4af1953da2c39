"""Requests of this process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from api.ops.request_metrics import RequestMetrics


def test_requests_are_counted_by_route_and_status():
    metrics = RequestMetrics()
    for status, seconds in ((200, 0.1), (200, 0.3), (404, 0.1)):
        metrics.observe("GET", "/jobs/<job_id>", status, seconds)
    labels = {"method": "GET", "route": "/jobs/<job_id>"}
    assert metrics.registry.get_sample_value("voicemill_requests_total", {**labels, "status": "200"}) == 2
    assert metrics.registry.get_sample_value("voicemill_request_seconds_count", labels) == 3


def test_clients_that_wait_are_those_of_every_living_process(tmp_path: Path) -> None:
    """In processes of their own: prometheus-client looks for the folder when it is imported."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def start(waiters: int) -> subprocess.Popen[str]:
        code = f"from api.ops.request_metrics import RequestMetrics; RequestMetrics().set_waiters({waiters})"
        child = f"{code}; print('counted', flush=True); input()"
        process = subprocess.Popen(
            [sys.executable, "-c", child], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout is not None and process.stdout.readline() == "counted\n"
        return process

    def scrape() -> str:
        code = """
from prometheus_client import generate_latest
from api.ops.metrics import _requests_registry
from api.ops.request_metrics import RequestMetrics
print(generate_latest(_requests_registry(RequestMetrics())).decode())"""
        done = subprocess.run([sys.executable, "-c", code], env=environment, text=True, capture_output=True, check=True)
        return next(line for line in done.stdout.splitlines() if line.startswith("voicemill_waiters "))

    with start(3) as first, start(4) as second:
        assert scrape() == "voicemill_waiters 7.0"
        first.kill()
        first.wait()
        assert scrape() == "voicemill_waiters 4.0"
        second.kill()
    assert scrape() == "voicemill_waiters 0.0"
