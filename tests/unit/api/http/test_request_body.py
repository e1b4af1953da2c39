"""Request bodies in the OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel

from api.http.request_body import component_schemas, form_body, json_body


class Part(BaseModel):
    size: int


class Order(BaseModel):
    title: str
    parts: list[Part] = []
    internal: str = ""


def test_json_body_refers_to_the_schemas_that_it_brings():
    body = json_body(Order, hidden=("internal",))
    assert body.document() == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
    }
    assert set(body.schemas) == {"Order", "Part"}
    assert set(body.schemas["Order"]["properties"]) == {"title", "parts"}
    assert body.schemas["Order"]["properties"]["parts"]["items"] == {"$ref": "#/components/schemas/Part"}


def test_form_has_the_fields_of_the_model_and_a_file():
    schema, optional = (
        form_body("OrderForm", Order, file="The plan.", needs_file=needs_file).schemas["OrderForm"]
        for needs_file in (True, False)
    )
    assert schema["required"] == ["file", "title"]
    assert schema["properties"]["file"] == {"type": "string", "format": "binary", "description": "The plan."}
    assert optional["required"] == ["title"]


def test_body_of_either_kind_has_both_contents():
    body = json_body(Order) | form_body("OrderForm", Order, file="The plan.", needs_file=False)
    assert list(body.content) == ["application/json", "multipart/form-data"]
    assert set(body.schemas) == {"Order", "OrderForm", "Part"}


def test_component_schemas_of_a_model_include_those_that_it_refers_to():
    assert set(component_schemas(Order)) == {"Order", "Part"}
