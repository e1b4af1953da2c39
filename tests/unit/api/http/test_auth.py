"""Keys and scopes."""

from __future__ import annotations

import pytest

READ_ROUTES = ["/jobs", "/tts/voices", "/stt/models", "/audio/models"]
ADMIN_ROUTES = ["/keys", "/audio/config", "/audio/metrics"]


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer nonsense", "Bearer vm_unknown_0123456789abcdef", "vm_a_b"],
)
def test_unknown_key_is_401(anyone, header):
    answer = anyone.get("/jobs", headers={"Authorization": header})
    assert (answer.status_code, answer.json["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="voicemill"'


def test_scheme_is_case_insensitive(app, services, client):
    secret = client.environ_base["HTTP_AUTHORIZATION"].split()[1]
    assert app.test_client().get("/jobs", headers={"Authorization": f"bearer {secret}"}).status_code == 200


@pytest.mark.parametrize("path", READ_ROUTES)
def test_reading_needs_the_scope_read(client_of, path):
    assert client_of(scopes=["read"]).get(path).status_code == 200
    answer = client_of(scopes=["submit"]).get(path)
    assert (answer.status_code, answer.json["code"]) == (403, "scope_missing")
    assert "`read`" in answer.json["detail"]


def test_submitting_needs_the_scope_submit(client_of, worker):
    worker()
    assert client_of(scopes=["submit"]).post("/tts/synthesize", json={"text": "a"}).status_code == 202
    assert client_of(scopes=["read"]).post("/tts/synthesize", json={"text": "a"}).status_code == 403


@pytest.mark.parametrize("path", ADMIN_ROUTES)
def test_admin_routes_need_the_scope_admin(client_of, path):
    assert client_of(scopes=["read", "submit", "stream"]).get(path).status_code == 403
    assert client_of(scopes=["admin"]).get(path).status_code == 200


def test_admin_may_do_everything(client_of):
    assert client_of(scopes=["admin"]).get("/jobs").status_code == 200


def test_revoked_key_is_refused_at_once_in_this_process(client, app):
    made = client.post("/keys", json={"name": "short-lived", "scopes": ["read"]}).json
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert app.test_client().get("/jobs", headers=headers).status_code == 200
    assert client.delete(f"/keys/{made['id']}").status_code == 204
    assert app.test_client().get("/jobs", headers=headers).status_code == 401
