"""How the service is: health for anyone, numbers for Prometheus, settings for the admin."""

from __future__ import annotations

from flask import Response, g
from flask_openapi3 import APIBlueprint, Tag

from api.http import auth
from api.http.auth import known_or_anyone, needs
from api.http.errors import Unauthenticated
from api.http.operation import operation
from api.http.schemas import ConfigBody, Health
from api.jobs.responses import json_answer
from api.wiring import services

from . import metrics
from .health import broker_health

routes = APIBlueprint("service", __name__, url_prefix="/audio", abp_tags=[Tag(name="Service")])


@operation(routes, "GET", "/health", guard=known_or_anyone("admin"), answers={200: Health, 503: Health}, problems=())
def health() -> Response:
    """Whether jobs are accepted and results are given out

    Open to all; a key with the scope `admin` shows the components.
    """
    seen = services().health.look(services())
    shown = Health(status=seen.status)
    if g.key is not None:
        components = {**(seen.components or {}), "broker": broker_health(services())}
        shown = seen.model_copy(update={"components": components})
    answer = json_answer(shown, 503 if seen.status == "down" else 200)
    if seen.status == "down":
        answer.headers["Retry-After"] = "1"
    return answer


@operation(routes, "GET", "/config", guard=needs("admin"), answers={200: ConfigBody})
def config() -> Response:
    """The settings in force, secrets hidden"""
    settings = services().settings.model_dump(mode="json")
    return json_answer(ConfigBody(settings=settings))


@operation(
    routes,
    "GET",
    "/metrics",
    guard=known_or_anyone("admin"),
    answers={200: {"description": "Prometheus text.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def prometheus() -> Response:
    """Numbers for Prometheus

    Needs a key with the scope `admin`, or a caller on the server's own machine.
    """
    if g.key is None and not auth.is_loopback():
        raise Unauthenticated(headers={"WWW-Authenticate": 'Bearer realm="voicemill"'})
    return Response(metrics.exposition(services()), content_type=metrics.CONTENT_TYPE)
