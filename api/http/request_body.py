"""Request bodies in the OpenAPI document. A route declares its body; `operation` adds its schemas to the document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

_REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class RequestBody:
    """`content` by media type, and the component schemas that it refers to, by name."""

    content: Mapping[str, Any]
    schemas: Mapping[str, Mapping[str, Any]]

    def with_examples(self, **examples: Mapping[str, Any]) -> RequestBody:
        """The body with examples by name, each a whole body that the route accepts, as its schema has it.

        The value of a file's field is the name of a file to send there. In a form an array repeats its field, and an
        object is JSON.
        """
        shown = {name: {"value": dict(value)} for name, value in examples.items()}
        content = {media: {**described, "examples": shown} for media, described in self.content.items()}
        return RequestBody(content, self.schemas)

    def __or__(self, other: RequestBody) -> RequestBody:
        """A body of either kind."""
        return RequestBody({**self.content, **other.content}, {**self.schemas, **other.schemas})

    def document(self) -> dict[str, Any]:
        """The request body object of OpenAPI."""
        return {"required": True, "content": dict(self.content)}


def json_body(model: type[BaseModel], *, hidden: Sequence[str] = (), any_of: Sequence[str] = ()) -> RequestBody:
    """A body of JSON. `hidden`: fields of the model that clients may not set; `any_of`: at least one is needed."""
    return _body("application/json", model.__name__, _needing(_model_schema(model, hidden), any_of))


def form_body(
    name: str,
    model: type[BaseModel],
    *,
    file: str,
    needs_file: bool,
    hidden: Sequence[str] = (),
    any_of: Sequence[str] = (),
) -> RequestBody:
    """A form of the model's fields and `file`, which `file` describes. `name`: of its component schema, and its title:
    clients that are generated name their classes by it. `any_of`: fields of which at least one is needed.
    """
    schema = _model_schema(model, hidden)
    fields = {field: without_null(described) for field, described in schema["properties"].items()}
    schema["title"] = name
    schema["properties"] = {"file": {"type": "string", "format": "binary", "description": file}, **fields}
    if needs_file:
        schema["required"] = ["file", *schema.get("required", ())]
    return _body("multipart/form-data", name, _needing(schema, any_of))


def component_schemas(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """The component schemas of a model: its own and those that it refers to, by name."""
    return _components(model.__name__, _model_schema(model, ()))


def schema_ref(name: str) -> dict[str, str]:
    """A reference to a component schema."""
    return {"$ref": _REF + name}


def model_json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model of requests, with references to component schemas."""
    return model.model_json_schema(ref_template=_REF + "{model}")


def without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a field of a form, a query or a header, which is left out and never null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf" and (name, value) != ("default", None)}
    if not options:
        return rest
    return {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}


def _needing(schema: dict[str, Any], any_of: Sequence[str]) -> dict[str, Any]:
    # Within `allOf`: generators of clients take a schema with `anyOf` of its own for a union, and lose its fields.
    return {**schema, "allOf": [{"anyOf": [{"required": [field]} for field in any_of]}]} if any_of else schema


def _body(media_type: str, name: str, schema: dict[str, Any]) -> RequestBody:
    return RequestBody({media_type: {"schema": schema_ref(name)}}, _components(name, schema))


def _components(name: str, schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {**schema.pop("$defs", {}), name: schema}


def _model_schema(model: type[BaseModel], hidden: Sequence[str]) -> dict[str, Any]:
    schema = model_json_schema(model)
    for name in hidden:
        schema["properties"].pop(name)
    # What only hidden fields refer to. No model of a request refers to a model that refers to another.
    definitions = schema.pop("$defs", {})
    used = {name: each for name, each in definitions.items() if f'"{_REF}{name}"' in json.dumps(schema)}
    return {**schema, "$defs": used} if used else schema
