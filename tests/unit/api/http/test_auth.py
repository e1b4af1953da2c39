"""Keys and scopes."""

from __future__ import annotations

import pytest

from api.http.auth import Keyring

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
    refused = client_of(scopes=["submit"]).get(path)
    assert (refused.status_code, refused.json["code"]) == (403, "scope_missing")
    assert "`read`" in refused.json["detail"]


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


class CountingStore:
    def __init__(self, store):
        self.store, self.asked = store, 0

    def key_for(self, secret):
        self.asked += 1
        return self.store.key_for(secret)


def test_key_is_asked_for_once_per_trusted_time(services):
    _, secret = services.store.create_key("local", "test", ["read"])
    counting, now = CountingStore(services.store), [0.0]
    keyring = Keyring(counting, trust_s=5.0, clock=lambda: now[0])
    for _ in range(10):
        assert keyring.key_for(secret).tenant_id == "local"
    assert counting.asked == 1
    now[0] = 5.1
    assert keyring.key_for(secret) is not None
    assert counting.asked == 2


def test_nonsense_never_reaches_the_database(services):
    counting = CountingStore(services.store)
    keyring = Keyring(counting, trust_s=5.0)
    for nonsense in ("", "x", "vm_", "vm_" + "a" * 5000, "vm_ä", "' OR 1=1"):
        assert keyring.key_for(nonsense) is None
    assert counting.asked == 0
