"""The bytes and the signature of a webhook, as the Standard Webhooks specification has them. Pure.

A delivery keeps one id and one body over all its attempts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from jobs.errors import Misconfigured


def encode_payload(payload: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent: the same for every attempt, whatever order the database kept the keys in."""
    ordered = {name: payload[name] for name in ("type", "timestamp", "data") if name in payload}
    ordered |= {name: payload[name] for name in sorted(payload) if name not in ordered}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()


def build_signed_headers(secret: str, *, id: str, at_s: int, body: bytes) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature`. `at_s`: the time of this attempt, Unix seconds.

    `secret` may hold two secrets, separated by a space, while one replaces the other: both sign.
    Raises Misconfigured.
    """
    at = datetime.fromtimestamp(at_s, tz=UTC)
    text = body.decode()
    try:
        signatures = [Webhook(one).sign(id, at, text) for one in secret.split()]
    except (ValueError, EmptyWebhookSecretError) as error:
        raise Misconfigured("the webhook secret of this endpoint is not one that we made; rotate it") from error
    return {"webhook-id": id, "webhook-timestamp": str(at_s), "webhook-signature": " ".join(signatures)}
