"""Checking that a webhook comes from the server. The signature scheme is Standard Webhooks, done by its own library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

from .errors import BadArgument, InvalidSignature


def verify_webhook(payload: bytes | str, headers: Mapping[str, str], secret: str) -> dict[str, Any]:
    """The event in `payload`, the body exactly as it came. Raises InvalidSignature: answer 401 then and do nothing.

    `secret` is the endpoint's `whsec_…` (BadArgument if it is none). Headers of any case will do. A delivery may come
    twice with the same `webhook-id`: remember it and do its work once.
    """
    try:
        webhook = Webhook(secret)
    except (ValueError, EmptyWebhookSecretError) as error:
        raise BadArgument("secret is not a webhook secret (whsec_ and base64).") from error
    try:
        webhook.verify(payload, dict(headers), json_parse=False)
        event = json.loads(payload)
    except WebhookVerificationError as error:
        raise InvalidSignature(f"{error}.") from error
    except (ValueError, TypeError) as error:
        # The library splits and decodes what a stranger sent without checking it first.
        raise InvalidSignature(f"The webhook cannot be read: {error}.") from error
    if not isinstance(event, dict):
        raise InvalidSignature("The webhook is not a JSON object.")
    return event
