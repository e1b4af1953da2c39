"""API keys of the tenant, for its admin."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import current_tenant, require_scope
from api.http.body import read_json
from api.http.context import current_services
from api.http.operation import operation
from api.http.request_body import json_body
from api.http.responses import json_response, utc_datetime
from api.http.validation import validate
from jobs.api_key import SCOPES, ApiKey

from .schemas import KeyBody, KeyList, KeyWithSecret, NewKey

routes = APIBlueprint("keys", __name__, url_prefix="/keys", abp_tags=[Tag(name="Keys")])


@operation(
    routes,
    "POST",
    "",
    guard=require_scope("admin"),
    body=json_body(NewKey).with_examples(
        submitter={"name": "website", "scopes": ["read", "submit"]},
        temporary={"name": "a guest", "scopes": ["read"], "expires_in_s": 3600},
    ),
    responses={201: KeyWithSecret},
    problems=(400, 413, 415, 422),
)
def create_key() -> Response:
    """Create a key; its secret is shown once"""
    limit = current_services().settings.max_json_bytes
    wanted = validate(NewKey, read_json(request, limit=limit))
    scopes = [scope for scope in SCOPES if scope in wanted.scopes]
    key, secret = current_services().store.keys.create(
        current_tenant(), wanted.name, scopes, expires_in_s=wanted.expires_in_s
    )
    return json_response(KeyWithSecret(**_fields(key), secret=secret), 201)


@operation(routes, "GET", "", guard=require_scope("admin"), responses={200: KeyList})
def list_keys() -> Response:
    """List the keys of the tenant, without their secrets"""
    return json_response(
        KeyList(data=[KeyBody(**_fields(key)) for key in current_services().store.keys.list(current_tenant())])
    )


@operation(routes, "DELETE", "/<key_id>", guard=require_scope("admin"), responses={204: None}, problems=(404,))
def revoke_key(key_id: str) -> ResponseReturnValue:
    """Revoke a key

    Other processes of the API may accept it for a few more seconds (`VOICEMILL_API_CACHE_KEYS_S`).
    """
    current_services().store.keys.revoke(current_tenant(), key_id)
    current_services().key_cache.evict(key_id)
    return "", 204


def _fields(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "created_at": utc_datetime(key.created_at),
        "expires_at": utc_datetime(key.expires_at),
        "last_used_at": utc_datetime(key.last_used_at),
        "revoked_at": utc_datetime(key.revoked_at),
    }
