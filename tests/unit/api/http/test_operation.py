"""Declared routes: checked arguments and their documentation."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_openapi3 import APIBlueprint, OpenAPI
from pydantic import BaseModel, ConfigDict, Field

from api.http.auth import require_scope
from api.http.context import install_services
from api.http.operation import binary_response, operation
from api.http.problems import install_problems
from api.http.request_body import json_body


class Filter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, description="The most.")


class Order(BaseModel):
    size: int


class Item(BaseModel):
    id: str


@pytest.fixture
def small_app(services) -> Flask:
    routes = APIBlueprint("items", "items", url_prefix="/items")

    @operation(
        routes, "GET", "/<item_id>", guard=require_scope("read"), query=Filter, responses={200: Item}, problems=(404,)
    )
    def get_item(item_id, query):
        """An item

        And more of it.
        """
        return {"id": item_id, "limit": query.limit}

    @operation(
        routes, "POST", "/<item_id>/order", guard=require_scope("submit"), body=json_body(Order), responses={204: None}
    )
    def order_item(item_id):
        """Order an item"""
        return "", 204

    app = OpenAPI("small", doc_ui=False)
    install_services(app, services)
    install_problems(app)
    app.register_api(routes)
    return app


@pytest.fixture
def key(services):
    _, secret = services.store.keys.create("local", "test", ["read"])
    return {"Authorization": f"Bearer {secret}"}


def test_view_gets_its_variables_and_its_query(small_app, key):
    answer = small_app.test_client().get("/items/a?limit=3&label.x=y", headers=key)
    assert answer.json == {"id": "a", "limit": 3}


def test_guard_and_query_are_checked_before_the_view(small_app, key):
    client = small_app.test_client()
    assert client.get("/items/a").status_code == 401
    assert client.post("/items/a/order", headers=key).status_code == 403
    answer = client.get("/items/a?limit=0", headers=key)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "limit")


def test_nul_is_refused_wherever_it_is(small_app, key):
    client = small_app.test_client()
    assert client.get("/items/%00", headers=key).status_code == 404
    assert client.get("/items/a?label.x=%00", headers=key).json["errors"][0]["code"] == "nul"


def test_declaration_is_the_documentation(small_app):
    document = small_app.api_doc
    get = document["paths"]["/items/{item_id}"]["get"]
    assert (get["operationId"], get["summary"], get["description"]) == ("get_item", "An item", "<br/>And more of it.")
    assert [(parameter["name"], parameter["in"]) for parameter in get["parameters"]] == [
        ("item_id", "path"),
        ("limit", "query"),
    ]
    assert set(get["responses"]) == {"200", "401", "403", "404", "422", "429", "500", "503"}
    order = document["paths"]["/items/{item_id}/order"]["post"]
    assert order["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Order"}
    assert document["components"]["schemas"]["Order"]["required"] == ["size"]


def test_binary_response_has_each_media_type():
    found = binary_response("The file.", "audio/*", "text/*")
    assert list(found["content"]) == ["audio/*", "text/*"]
    assert found["description"] == "The file."
