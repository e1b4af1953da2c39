"""Keys and scopes."""

from __future__ import annotations

import pytest

from jobs.job import NewJob
from tests.unit.api.conftest import run_plan

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


def test_key_may_come_in_either_header(app, client):
    secret = client.environ_base["HTTP_AUTHORIZATION"].split()[1]
    for headers in (
        {"X-API-Key": secret},
        {"X-API-Key": f" {secret} "},
        {"X-API-Key": secret, "Authorization": f"Bearer {secret}"},
        {"X-API-Key": secret, "Authorization": "Basic dXNlcjpwYXNz"},
    ):
        assert app.test_client().get("/jobs", headers=headers).status_code == 200
        assert "components" in app.test_client().get("/audio/health", headers=headers).json


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({}, "`X-API-Key: <key>`"),
        ({"X-API-Key": ""}, "`X-API-Key: <key>`"),
        ({"X-API-Key": "vm_unknown_0123456789abcdef"}, "unknown, expired or revoked"),
        ({"X-API-Key": "vm_a_b", "Authorization": "Bearer vm_a_c"}, "two different keys"),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, "`X-API-Key: <key>` only"),
    ],
)
def test_key_that_is_missing_or_wrong_in_either_header_is_401(anyone, headers, detail):
    answer = anyone.get("/jobs", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (401, "unauthorized")
    assert detail in answer.json["detail"]


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


def test_a_key_that_may_only_submit_sees_no_content_of_jobs_in_any_answer(client_of, finished_job, services, worker):
    worker()
    files = {"secret.wav": ("audio/wav", b"RIFF-secret")}
    fields = {"params": {"text": "A secret text.", "title": "secret"}, "labels": {"secret": "secret"}}
    done = finished_job(files, **fields)
    failed = services.store.jobs.submit(NewJob("local", "tts.synthesize", "espeak", **fields)).job
    services.store.jobs.cancel("local", failed.id)
    key, wait = {"Idempotency-Key": "k"}, {"Prefer": "wait=1", "Accept": "audio/*"}
    body = {"text": "A secret text.", "labels": {"secret": "secret"}}
    everyone, submitter = client_of(), client_of(scopes=["submit"])
    replayed = everyone.post("/tts/synthesize", json=body, headers=key).json["id"]
    run_plan(services, services.store.jobs.get("local", replayed), units=[5.0])
    answers = [
        submitter.post(f"/jobs/{done.id}/cancel"),
        submitter.post(f"/jobs/{failed.id}/retry"),
        submitter.post(f"/jobs/{failed.id}/retry", headers=wait),
        submitter.post(f"/jobs/{done.id}/patch", json={"sentence": 0, "text": "New words."}),
        submitter.post("/tts/synthesize", json=body, headers=key),
        submitter.post("/tts/synthesize", json=body, headers=key | wait),
    ]
    assert [answer.status_code for answer in answers] == [200, 202, 202, 202, 202, 202]
    assert answers[-1].json["id"] == replayed
    for answer in answers:
        assert b"secret" not in answer.data and b"signature" not in answer.data
        assert answer.json["state"] and answer.json["progress"]
    assert b"secret" in everyone.post(f"/jobs/{done.id}/cancel").data


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
