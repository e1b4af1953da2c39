"""The page of each kind of problem: a problem document's `type` is its address. Open to all, like the documentation."""

from __future__ import annotations

from html import escape

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import ANYBODY
from api.http.operation import operation
from api.http.responses import json_response
from jobs.errors import NotFound

from .problem_types import problem_types
from .schemas import ProblemTypeBody, ProblemTypeList

routes = APIBlueprint("problems", __name__, url_prefix="/problems", abp_tags=[Tag(name="Problems")])


@operation(routes, "GET", "", guard=ANYBODY, responses={200: ProblemTypeList})
def list_problem_types() -> Response:
    """List the kinds of problems that this API answers with"""
    return json_response(ProblemTypeList(data=list(problem_types().values())))


@operation(routes, "GET", "/<code>", guard=ANYBODY, responses={200: ProblemTypeBody}, problems=(404,))
def get_problem_type(code: str) -> Response:
    """Explain a kind of problem

    A browser gets a page, every other client JSON.
    """
    kind = problem_types().get(code)
    if kind is None:
        raise NotFound("There is no such kind of problem; GET /problems lists them all.")
    if request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html":
        return Response(_page(kind), content_type="text/html; charset=utf-8")
    return json_response(kind)


def _page(kind: ProblemTypeBody) -> str:
    """A page without scripts and styles: no policy for them is needed."""
    retry = "The same request may succeed later." if kind.retryable else "The same request fails again."
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(kind.code)}</title>"
        f"<h1>{escape(kind.code)}</h1><p>{kind.status} {escape(kind.title)}</p><p>{escape(kind.meaning)}</p>"
        f"<p>{escape(kind.action)} {retry}</p></html>\n"
    )
