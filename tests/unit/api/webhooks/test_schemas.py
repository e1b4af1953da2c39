"""Webhook secrets on the wire."""

from __future__ import annotations

from api.webhooks.schemas import DefaultSecret


def test_secret_is_the_only_field():
    assert DefaultSecret(secret="whsec_x").model_dump() == {"secret": "whsec_x"}
