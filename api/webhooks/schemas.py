"""Webhook secrets on the wire."""

from __future__ import annotations

from api.http.schemas import ResponseModel


class DefaultSecret(ResponseModel):
    """The secret that signs the webhooks for the `webhook_url` of requests; shown once."""

    secret: str
