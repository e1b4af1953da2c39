"""What models there are, of both kinds, and where they run."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from .auth import needs
from .job_answers import json_answer
from .model_view import model_list
from .operation import operation
from .schemas import ModelList
from .wiring import services

routes = APIBlueprint("audio", __name__, url_prefix="/audio", abp_tags=[Tag(name="Models")])


@operation(routes, "GET", "/models", guard=needs("read"), answers={200: ModelList})
def models() -> Response:
    """All models that this server knows, and which of them run"""
    return json_answer(model_list(services()))
