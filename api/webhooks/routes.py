"""The secret that signs the webhooks of requests' `webhook_url`."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import needs, tenant
from api.http.operation import operation
from api.jobs.responses import json_answer
from api.keys.schemas import DefaultSecret
from api.wiring import services

routes = APIBlueprint("webhooks", __name__, url_prefix="/webhooks", abp_tags=[Tag(name="Webhooks")])


@operation(routes, "POST", "/default-secret/rotate", guard=needs("admin"), answers={200: DefaultSecret})
def rotate_default_secret() -> Response:
    """A new default secret; it is shown this once

    Webhooks that are sent from now on carry a signature of this secret.
    """
    return json_answer(DefaultSecret(secret=services().store.rotate_default_secret(tenant())))
