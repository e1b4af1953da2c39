"""Operation of the service: health for everyone, metrics for Prometheus, settings for the admin."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import is_loopback, optional_scope, require_scope, sent_key
from api.http.context import current_services
from api.http.errors import Unauthenticated
from api.http.operation import operation
from api.http.responses import json_response

from .health import check_broker
from .metrics import CONTENT_TYPE, render_metrics
from .schemas import ConfigBody, Health

routes = APIBlueprint("service", __name__, url_prefix="/audio", abp_tags=[Tag(name="Service")])


@operation(
    routes, "GET", "/health", guard=optional_scope("admin"), responses={200: Health, 503: Health}, is_counted=False
)
def health() -> Response:
    """Health of the service

    503 while it cannot accept jobs or serve results. Open to all; a key with the scope `admin` shows the components.
    """
    result = current_services().health_check.check()
    shown = Health(status=result.status)
    if sent_key() is not None:
        components = {**(result.components or {}), "broker": check_broker(current_services().dispatch)}
        shown = result.model_copy(update={"components": components})
    response = json_response(shown, 503 if result.status == "down" else 200)
    if result.status == "down":
        response.headers["Retry-After"] = "1"
    return response


@operation(routes, "GET", "/config", guard=require_scope("admin"), responses={200: ConfigBody})
def config() -> Response:
    """The current settings, without secrets"""
    settings = current_services().settings.model_dump(mode="json")
    return json_response(ConfigBody(settings=settings))


@operation(
    routes,
    "GET",
    "/metrics",
    guard=optional_scope("admin"),
    responses={
        200: {
            "description": "The text format of Prometheus.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
)
def prometheus() -> Response:
    """Metrics for Prometheus

    Needs a key with the scope `admin`; of `voicemill up` also a caller on the same machine.
    """
    # A proxy on this machine that sets no header looks like a caller on it: in production a key is needed.
    if sent_key() is None and not (current_services().settings.is_embedded and is_loopback()):
        raise Unauthenticated
    return Response(render_metrics(current_services()), content_type=CONTENT_TYPE)
