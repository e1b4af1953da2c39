"""Requests of this process."""

from __future__ import annotations

from api.ops.request_metrics import RequestMetrics


def test_requests_are_counted_by_route_and_status():
    metrics = RequestMetrics()
    for status, seconds in ((200, 0.1), (200, 0.3), (404, 0.1)):
        metrics.observe("GET", "/jobs/<job_id>", status, seconds)
    labels = {"method": "GET", "route": "/jobs/<job_id>"}
    assert metrics.registry.get_sample_value("voicemill_requests_total", {**labels, "status": "200"}) == 2
    assert metrics.registry.get_sample_value("voicemill_request_seconds_count", labels) == 3
