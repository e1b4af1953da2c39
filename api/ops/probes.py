"""Probes for what starts and restarts API processes: is this one alive, and may it be sent requests?

An outage of the database or the storage is no reason to restart a healthy process, so `/livez` asks neither.
"""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import ANYBODY
from api.http.context import current_services
from api.http.operation import operation
from api.http.responses import json_response

from .schemas import Probe

#: They answer while everything else is busy.
PROBE_PATHS = ("/livez", "/readyz", "/audio/health")
probes = APIBlueprint("probes", __name__, abp_tags=[Tag(name="Service")])


@operation(probes, "GET", "/livez", guard=ANYBODY, responses={200: Probe})
def livez() -> Response:
    """Whether this process is alive

    Answers without a look at database, storage or broker: restart the process where this fails, and only then.
    """
    return json_response(Probe(status="ok"))


@operation(probes, "GET", "/readyz", guard=ANYBODY, responses={200: Probe, 503: Probe})
def readyz() -> Response:
    """Whether this process can accept jobs and serve results

    503 while database or storage do not answer: send it no requests, but let it live.
    """
    health = current_services().health_check.check()
    ready = health.status != "down"
    response = json_response(Probe(status="ok" if ready else "down"), 200 if ready else 503)
    if not ready:
        response.headers["Retry-After"] = "1"
    return response
