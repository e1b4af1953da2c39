"""One log line and one metric per request. Ids, sizes and times; never texts, secrets or query strings."""

from __future__ import annotations

import re
import time

import structlog
import uuid_utils
from flask import Flask, Response, g, request

from .auth import sent_key
from .context import current_services

log = structlog.get_logger("api")
#: Asked every few seconds, by machines.
_PROBES = ("/livez", "/readyz")
_JOB_ID = re.compile(r"job_[0-9a-f]{32}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def install_request_log(app: Flask) -> None:
    """Give every request an id, and log its response."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid_utils.uuid7().hex
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "-")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    took_s = time.perf_counter() - g.get("began", time.perf_counter())
    route = str(request.url_rule) if request.url_rule else "unknown"
    # Long polls and event streams wait on purpose: they would drown the times of all others.
    waits = g.get("has_waited", False) or response.mimetype == "text/event-stream"
    current_services().request_metrics.observe(request.method, route, response.status_code, took_s, waits=waits)
    key = sent_key()
    log_line = log.debug if route in _PROBES else log.info
    log_line(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        ms=round(took_s * 1000, 1),
        key=key.id if key else None,
        job=g.get("job_id") or _find_job_id(),
    )
    return response


def _find_job_id() -> str | None:
    """The job that the path names; what is no id of a job may be any text."""
    given = str((request.view_args or {}).get("job_id", ""))
    return given if _JOB_ID.fullmatch(given) else None
