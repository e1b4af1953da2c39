"""The default secret, which signs the webhooks for the `webhook_url` of requests."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import current_tenant, require_scope
from api.http.context import current_services
from api.http.operation import operation
from api.http.responses import json_response

from .schemas import DefaultSecret

routes = APIBlueprint("webhooks", __name__, url_prefix="/webhooks", abp_tags=[Tag(name="Webhooks")])


@operation(routes, "POST", "/default-secret/rotate", guard=require_scope("admin"), responses={200: DefaultSecret})
def rotate_default_secret() -> Response:
    """Replace the default secret; the new one is shown once

    Webhooks sent from now on are signed with it.
    """
    secret = current_services().store.endpoints.rotate_default_secret(current_tenant())
    return json_response(DefaultSecret(secret=secret))
