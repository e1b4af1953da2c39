"""Declaration of a route: guard, query, body, responses. It serves the router and the OpenAPI document.

flask-openapi3 collects the document. Its request validation is not used: it builds the JSON schema of every model for
each request (0.4 ms), answers 422 to bodies that are not JSON, and writes uploads to temporary files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint
from flask_openapi3.models import Schema
from pydantic import BaseModel

from jobs.errors import NotFound

from .auth import Guard, authorize, sent_key
from .context import current_services
from .errors import Invalid
from .paced_body import pace_body
from .problems import MEDIA_TYPE
from .request_body import RequestBody, model_json_schema, schema_ref, without_null
from .validation import validate

View = Callable[..., ResponseReturnValue]
SECURITY_SCHEMES: dict[str, Any] = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key of `POST /keys`."},
    "keyHeader": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key, for clients that cannot set `Authorization`.",
    },
}
DESCRIPTIONS = {
    202: "Accepted: the job in its current state.",
    204: "Done.",
    302: "The file is at this address.",
    400: "The request cannot be parsed.",
    401: "No key, or an unknown one.",
    403: "The key lacks the scope, or the link has expired.",
    404: "This tenant has nothing with that id.",
    408: "The body arrived too slowly.",
    409: "The request conflicts with the current state.",
    410: "It was deleted.",
    413: "A limit was exceeded.",
    415: "Unsupported content type.",
    416: "No such range of bytes.",
    422: "Invalid fields; `errors` names them.",
    429: "Too many requests, or too many uploads and downloads at once; see Retry-After.",
    500: "The server failed to process the request.",
    503: "A part of the service is unavailable; see Retry-After.",
}


def operation(
    blueprint: APIBlueprint,
    method: str,
    rule: str,
    *,
    guard: Guard,
    responses: Mapping[int, Any],
    problems: Sequence[int] = (),
    query: type[BaseModel] | None = None,
    headers: type[BaseModel] | None = None,
    body: RequestBody | None = None,
    is_counted: bool = True,
) -> Callable[[View], View]:
    """Register a view. `responses`: status → model, or a response object of OpenAPI. `is_counted`: among the requests
    of a tenant that the server may limit; a probe is not.

    The view gets the variables of the rule, and `query` if declared. Its docstring's first line is the summary.
    """
    documented = {500, 503, *problems} | ({401, 403, 429} if guard.scope is not None else set())
    if query is not None:
        documented.add(422)
    if body is not None:
        documented.add(408)
        schemas = {name: Schema(**schema) for name, schema in body.schemas.items()}
        blueprint.components_schemas.update(schemas)

    def decorate(view: View) -> View:
        def endpoint() -> ResponseReturnValue:
            services = current_services()
            authorize(guard, services.key_cache)
            if (key := sent_key()) is not None:
                if is_counted:
                    services.rate_limits.count("requests", key.tenant_id)
                pace_body()
            arguments: dict[str, Any] = dict(request.view_args or {})
            _reject_nul(arguments)
            if query is not None:
                arguments["query"] = validate(query, _query_arguments())
            return view(**arguments)

        endpoint.__name__, endpoint.__doc__, endpoint.__module__ = view.__name__, view.__doc__, view.__module__
        endpoint.__annotations__ = {}  # flask-openapi3 would take what it finds here for models to validate
        register = getattr(blueprint, method.lower())
        register(
            rule,
            operation_id=view.__name__,
            responses={**_responses(responses), **_problems(documented)},
            security=_security(guard),
            openapi_extensions=_extensions(rule, query, headers, body),
        )(endpoint)
        return view

    return decorate


def binary_response(description: str, *media_types: str) -> dict[str, Any]:
    """A response of bytes, as a response object of OpenAPI."""
    schema = {"type": "string", "format": "binary"}
    return {"description": description, "content": {media: {"schema": schema} for media in media_types}}


def _reject_nul(path: Mapping[str, Any]) -> None:
    """No id and no filter contains a NUL, and databases cannot compare one. Raises NotFound, Invalid."""
    if any("\0" in value for value in path.values()):
        raise NotFound
    for name, value in request.args.items(multi=True):
        if "\0" in name or "\0" in value:
            raise Invalid.field(name.replace("\0", ""), "A NUL character is not allowed.", code="nul")


def _query_arguments() -> dict[str, str]:
    """The arguments of the query model: all but `label.…`, which may have any name and is the view's to read."""
    return {name: value for name, value in request.args.items() if not name.startswith("label.")}


def _responses(responses: Mapping[int, Any]) -> dict[int, Any]:
    return {
        status: declared
        if isinstance(declared, type)
        else {"description": DESCRIPTIONS.get(status, ""), **(declared or {})}
        for status, declared in responses.items()
    }


def _problems(statuses: set[int]) -> dict[int, Any]:
    return {
        status: {
            "description": DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": schema_ref("Problem")}},
        }
        for status in sorted(statuses)
    }


def _security(guard: Guard) -> list[dict[str, list[Any]]]:
    if guard.scope is None:
        return [{}]
    either: list[dict[str, list[Any]]] = [{name: []} for name in SECURITY_SCHEMES]
    return [*either, {}] if guard.optional else either


def _extensions(
    rule: str,
    query: type[BaseModel] | None,
    headers: type[BaseModel] | None,
    body: RequestBody | None,
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
        extensions["requestBody"] = body.document()
    return extensions


def _parameters(model: type[BaseModel] | None, place: str) -> list[dict[str, Any]]:
    if model is None:
        return []
    schema = model_json_schema(model)
    return [
        {
            "name": name,
            "in": place,
            "required": name in schema.get("required", ()),
            "schema": without_null(value),
            **({"description": value["description"]} if "description" in value else {}),
        }
        for name, value in schema["properties"].items()
    ]
