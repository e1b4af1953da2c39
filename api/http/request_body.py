"""Request bodies in the OpenAPI document. A route declares its body; `operation` adds its schemas to the document."""

from __future__ import annotations

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

    def __or__(self, other: RequestBody) -> RequestBody:
        """A body of either kind."""
        return RequestBody({**self.content, **other.content}, {**self.schemas, **other.schemas})

    def document(self) -> dict[str, Any]:
        """The request body object of OpenAPI."""
        return {"required": True, "content": dict(self.content)}


def json_body(model: type[BaseModel], *, hidden: Sequence[str] = ()) -> RequestBody:
    """A body of JSON. `hidden`: fields of the model that clients may not set."""
    return _body("application/json", model.__name__, _model_schema(model, hidden))


def form_body(
    name: str, model: type[BaseModel], *, file: str, needs_file: bool, hidden: Sequence[str] = ()
) -> RequestBody:
    """A form of the model's fields and `file`, which `file` describes. `name`: of its component schema."""
    schema = _model_schema(model, hidden)
    schema["properties"] = {"file": {"type": "string", "format": "binary", "description": file}, **schema["properties"]}
    if needs_file:
        schema["required"] = ["file", *schema.get("required", ())]
    return _body("multipart/form-data", name, schema)


def component_schemas(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """The component schemas of a model: its own and those that it refers to, by name."""
    return _components(model.__name__, _model_schema(model, ()))


def schema_ref(name: str) -> dict[str, str]:
    """A reference to a component schema."""
    return {"$ref": _REF + name}


def model_json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model of requests, with references to component schemas."""
    return model.model_json_schema(ref_template=_REF + "{model}")


def _body(media_type: str, name: str, schema: dict[str, Any]) -> RequestBody:
    return RequestBody({media_type: {"schema": schema_ref(name)}}, _components(name, schema))


def _components(name: str, schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {**schema.pop("$defs", {}), name: schema}


def _model_schema(model: type[BaseModel], hidden: Sequence[str]) -> dict[str, Any]:
    schema = model_json_schema(model)
    for name in hidden:
        schema["properties"].pop(name)
    return schema
