"""Verification of webhooks: the signature scheme is Standard Webhooks, by its own library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

from .errors import BadArgument, InvalidSignature


def verify_webhook(payload: bytes | str, headers: Mapping[str, str], secret: str) -> dict[str, Any]:
    """The event in `payload`, the body exactly as received. Raises InvalidSignature: then respond with 401 and stop.

    `secret` is the endpoint's `whsec_…` (else BadArgument). Header names may have any case. A delivery may arrive
    twice with the same `webhook-id`: store the id and handle the event once.
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
        # The library splits and decodes untrusted headers without validating them first.
        raise InvalidSignature(f"The webhook cannot be read: {error}.") from error
    if not isinstance(event, dict):
        raise InvalidSignature("The webhook is not a JSON object.")
    return event
