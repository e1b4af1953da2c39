"""What models there are, of both kinds, and where they run."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import needs
from api.http.operation import operation
from api.http.schemas import ModelList
from api.jobs.responses import json_answer
from api.wiring import services

from .views import model_list

routes = APIBlueprint("audio", __name__, url_prefix="/audio", abp_tags=[Tag(name="Models")])


@operation(routes, "GET", "/models", guard=needs("read"), answers={200: ModelList})
def models() -> Response:
    """All models that this server knows, and which of them run"""
    return json_answer(model_list(services()))
