"""Webhook endpoints of a tenant, and the secrets that sign for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jobs.webhooks.delivery import DeliveryRecord, Endpoint


class WebhookEndpoints(Protocol):
    """See jobs/store/store.py for what holds for every method."""

    def create(self, tenant_id: str, url: str, events: Sequence[str]) -> tuple[Endpoint, str]:
        """A new endpoint and its secret `whsec_…`, which is shown this once. `events` () = all."""

    def list(self, tenant_id: str) -> Sequence[Endpoint]:
        """Oldest first; ad hoc ones too."""

    def get(self, tenant_id: str, endpoint_id: str) -> Endpoint:
        """Raises NotFound."""

    def update(
        self,
        tenant_id: str,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        enabled: bool | None = None,
    ) -> Endpoint:
        """Change what is not None. Raises NotFound."""

    def delete(self, tenant_id: str, endpoint_id: str) -> None:
        """Its waiting deliveries are given up. Raises NotFound."""

    def rotate_secret(self, tenant_id: str, endpoint_id: str) -> str:
        """Raises NotFound; Conflict for an ad hoc endpoint, which has no secret of its own."""

    def rotate_default_secret(self, tenant_id: str) -> str:
        """The tenant's new default webhook secret, `whsec_…`, returned this once."""

    def send_test(self, tenant_id: str, endpoint_id: str) -> DeliveryRecord:
        """Queue a delivery of type `webhook.test`. Raises NotFound."""
