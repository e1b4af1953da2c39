"""The models of all kinds."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import current_key, has_scope, require_scope
from api.http.context import current_services
from api.http.operation import operation
from api.http.responses import json_response

from .schemas import ModelList
from .views import model_list

routes = APIBlueprint("audio", __name__, url_prefix="/audio", abp_tags=[Tag(name="Models")])


@operation(routes, "GET", "/models", guard=require_scope("read"), responses={200: ModelList})
def models() -> Response:
    """List all models of this server, with their state"""
    return json_response(model_list(current_services(), for_operator=has_scope(current_key(), "admin")))
