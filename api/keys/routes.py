"""API keys of the caller's tenant, for its admin."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import SCOPES, needs, tenant
from api.http.body import parse_json, read_json
from api.http.operation import json_body, operation
from api.http.validation import validated
from api.jobs.responses import json_answer
from api.jobs.views import at
from api.wiring import services
from jobs.job import ApiKey

from .schemas import KeyBody, KeyList, KeyWithSecret, NewKey

routes = APIBlueprint("keys", __name__, url_prefix="/keys", abp_tags=[Tag(name="Keys")])


@operation(
    routes,
    "POST",
    "",
    guard=needs("admin"),
    body=json_body(NewKey),
    answers={201: KeyWithSecret},
    problems=(400, 413, 415, 422),
)
def create_key() -> Response:
    """A new key; its secret is shown this once"""
    limit = services().settings.max_json_bytes
    wanted = validated(NewKey, parse_json(read_json(request, limit=limit)))
    scopes = [scope for scope in SCOPES if scope in wanted.scopes]
    key, secret = services().store.create_key(tenant(), wanted.name, scopes, expires_in_s=wanted.expires_in_s)
    return json_answer(KeyWithSecret(**_fields(key), secret=secret), 201)


@operation(routes, "GET", "", guard=needs("admin"), answers={200: KeyList})
def list_keys() -> Response:
    """The tenant's keys, without their secrets"""
    return json_answer(KeyList(data=[KeyBody(**_fields(key)) for key in services().store.keys(tenant())]))


@operation(routes, "DELETE", "/<key_id>", guard=needs("admin"), answers={204: None}, problems=(404,))
def revoke_key(key_id: str) -> ResponseReturnValue:
    """Revoke a key

    Other processes of the API may take it for a few seconds more (`VOICEMILL_API_CACHE_KEYS_S`).
    """
    services().store.revoke_key(tenant(), key_id)
    services().keyring.forget(key_id)
    return "", 204


def _fields(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "created_at": at(key.created_at),
        "expires_at": at(key.expires_at),
        "last_used_at": at(key.last_used_at),
        "revoked_at": at(key.revoked_at),
    }
