"""How a route is declared: guard, query, answers. One declaration serves the router and the OpenAPI document.

flask-openapi3 collects the document. Its own request validation is not used: it builds the JSON schema of every model
anew for each request (0.4 ms), answers 422 to bodies that are no JSON, and spools uploads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel

from api.wiring import services
from jobs.errors import NotFound

from .auth import Guard, admit
from .errors import Invalid
from .problems import MEDIA_TYPE
from .validation import validated

View = Callable[..., ResponseReturnValue]
SECURITY_SCHEMES: dict[str, Any] = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key of `POST /keys`."}
}
_REF = "#/components/schemas/"

DESCRIPTIONS = {
    202: "Accepted: the job as it is now.",
    204: "Done.",
    302: "The file is at this address.",
    400: "The request cannot be read.",
    401: "No key, or none that is known.",
    403: "The key lacks the scope, or the link has expired.",
    404: "There is nothing of that id for this tenant.",
    409: "The request contradicts the state of things.",
    410: "It was deleted.",
    413: "A limit was passed.",
    415: "Not a content type that this route reads.",
    416: "No such range of bytes.",
    422: "Some fields have to change; `errors` names them.",
    500: "The server failed to answer.",
    503: "A part of the service is down; see Retry-After.",
}


def operation(
    blueprint: APIBlueprint,
    method: str,
    rule: str,
    *,
    guard: Guard,
    answers: Mapping[int, Any],
    problems: Sequence[int] = (),
    query: type[BaseModel] | None = None,
    headers: type[BaseModel] | None = None,
    body: Mapping[str, Any] | None = None,
) -> Callable[[View], View]:
    """Register a view. `answers`: status → answer model, or a ready response object of OpenAPI.

    The view gets the rule's variables, and `query` where one is declared. Its docstring's first line is the summary.
    """
    refused = {500, 503, *problems}
    if guard.scope is not None:
        refused |= {401, 403}
    if query is not None:
        refused.add(422)

    def decorate(view: View) -> View:
        def endpoint() -> ResponseReturnValue:
            admit(guard, services().keyring)
            arguments: dict[str, Any] = dict(request.view_args or {})
            _refuse_nul(arguments)
            if query is not None:
                arguments["query"] = validated(query, _query_arguments())
            return view(**arguments)

        endpoint.__name__, endpoint.__doc__, endpoint.__module__ = view.__name__, view.__doc__, view.__module__
        endpoint.__annotations__ = {}  # flask-openapi3 would take what it finds here for models to validate
        register = getattr(blueprint, method.lower())
        register(
            rule,
            operation_id=view.__name__,
            responses={**_answers(answers), **_problems(refused)},
            security=_security(guard),
            openapi_extensions=_extensions(rule, query, headers, body, guard),
        )(endpoint)
        return view

    return decorate


def submitted(*audio: str) -> dict[int, Any]:
    """The answers of a submitting route; `audio` are media types that the finished job may be answered with."""
    job = {"application/json": {"schema": {"$ref": _REF + "JobBody"}}}
    binary = {media: {"schema": {"type": "string", "format": "binary"}} for media in audio}
    place = _header("Where the job is.")
    replayed = _header("`true` where an earlier request with this Idempotency-Key made the job.")
    return {
        200: {
            "description": "`Prefer: wait` was given and the job has ended.",
            "content": {**job, **binary},
            "headers": {"Location": place, "Idempotency-Replayed": replayed},
        },
        202: {
            "description": DESCRIPTIONS[202],
            "content": job,
            "headers": {
                "Location": place,
                "Retry-After": _header("Seconds until it makes sense to look."),
                "Idempotency-Replayed": replayed,
            },
        },
    }


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """A request body of JSON."""
    return {"required": True, "content": {"application/json": {"schema": {"$ref": _REF + model.__name__}}}}


def json_or_form_body(model: type[BaseModel], form: str) -> dict[str, Any]:
    """A request body of JSON, or the same fields as a form with `file`."""
    content = json_body(model)["content"] | form_body(form)["content"]
    return {"required": True, "content": content}


def form_body(form: str) -> dict[str, Any]:
    """A multipart body with `file`; `form` is the name of its component."""
    return {"required": True, "content": {"multipart/form-data": {"schema": {"$ref": _REF + form}}}}


def binary_answer(description: str, *media_types: str) -> dict[str, Any]:
    """An answer of bytes."""
    schema = {"type": "string", "format": "binary"}
    return {"description": description, "content": {media: {"schema": schema} for media in media_types}}


def form_schema(model: type[BaseModel], *, hidden: Sequence[str], file: str, needs_file: bool) -> dict[str, Any]:
    """The JSON schema of a model's form: its fields, and `file`."""
    schema = request_schema(model, hidden=hidden)
    schema["properties"] = {"file": {"type": "string", "format": "binary", "description": file}, **schema["properties"]}
    if needs_file:
        schema["required"] = ["file", *schema.get("required", ())]
    return schema


def request_schema(model: type[BaseModel], *, hidden: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON schema of a request model without the fields that clients may not set."""
    schema = model.model_json_schema(ref_template=_REF + "{model}")
    for name in hidden:
        schema["properties"].pop(name)
    return schema


def _refuse_nul(path: Mapping[str, Any]) -> None:
    """No id and no filter holds a NUL, and a database may choke on it. Raises NotFound, Invalid."""
    if any("\0" in value for value in path.values()):
        raise NotFound
    for name, value in request.args.items(multi=True):
        if "\0" in name or "\0" in value:
            raise Invalid.field(name.replace("\0", ""), "A NUL character is not allowed.", code="nul")


def _query_arguments() -> dict[str, str]:
    """Single values; `label.…` is left to the view, which knows that it may be any name."""
    return {name: value for name, value in request.args.items() if not name.startswith("label.")}


def _answers(answers: Mapping[int, Any]) -> dict[int, Any]:
    return {
        status: answer if isinstance(answer, type) else {"description": DESCRIPTIONS.get(status, ""), **(answer or {})}
        for status, answer in answers.items()
    }


def _problems(statuses: set[int]) -> dict[int, Any]:
    return {
        status: {
            "description": DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF + "Problem"}}},
        }
        for status in sorted(statuses)
    }


def _security(guard: Guard) -> list[dict[str, list[Any]]]:
    if guard.scope is None:
        return []
    return [{"key": []}, {}] if guard.optional else [{"key": []}]


def _extensions(
    rule: str,
    query: type[BaseModel] | None,
    headers: type[BaseModel] | None,
    body: Mapping[str, Any] | None,
    guard: Guard,
) -> dict[str, Any]:
    extensions: dict[str, Any] = {}
    parameters = [
        {"name": name.split(":")[-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for name in (part[1:-1] for part in rule.split("/") if part.startswith("<"))
    ]
    parameters += _parameters(query, "query") + _parameters(headers, "header")
    if parameters:
        extensions["parameters"] = parameters
    if body:
        extensions["requestBody"] = dict(body)
    return extensions


def _parameters(model: type[BaseModel] | None, place: str) -> list[dict[str, Any]]:
    if model is None:
        return []
    schema = model.model_json_schema(ref_template=_REF + "{model}")
    return [
        {
            "name": name,
            "in": place,
            "required": name in schema.get("required", ()),
            "schema": value,
            **({"description": value["description"]} if "description" in value else {}),
        }
        for name, value in schema["properties"].items()
    ]
