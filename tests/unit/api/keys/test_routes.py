"""API keys."""

from __future__ import annotations

import pytest


def test_secret_of_a_key_is_shown_once(client):
    answer = client.post("/keys", json={"name": "ci", "scopes": ["submit", "read"]})
    assert answer.status_code == 201
    assert answer.json["secret"].startswith("vm_")
    assert answer.json["scopes"] == ["read", "submit"]
    listed = {key["id"]: key for key in client.get("/keys").json["data"]}
    assert "secret" not in listed[answer.json["id"]]
    assert listed[answer.json["id"]]["name"] == "ci"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "", "scopes": ["read"]}, "name"),
        ({"name": "a\0b", "scopes": ["read"]}, "name"),
        ({"name": "a", "scopes": []}, "scopes"),
        ({"name": "a", "scopes": ["root"]}, "scopes.0"),
        ({"name": "a", "scopes": ["read"], "tenant_id": "other"}, "tenant_id"),
        ({"name": "a", "scopes": ["read"], "expires_in_s": -1}, "expires_in_s"),
    ],
)
def test_bad_key_is_refused(client, body, field):
    answer = client.post("/keys", json=body)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json["errors"]]


def test_keys_of_another_tenant_do_not_exist(client, client_of):
    made = client.post("/keys", json={"name": "mine", "scopes": ["read"]}).json
    other_tenant = client_of("other")
    assert made["id"] not in [key["id"] for key in other_tenant.get("/keys").json["data"]]
    assert other_tenant.delete(f"/keys/{made['id']}").status_code == 404
    assert client.delete(f"/keys/{made['id']}").status_code == 204
