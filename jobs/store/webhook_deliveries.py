"""Webhook deliveries: claimed, finished, redelivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jobs.webhooks.delivery import Delivery, DeliveryRecord


class WebhookDeliveries(Protocol):
    """See jobs/store/store.py for what holds for every method."""

    def claim(self, worker_id: str, *, lease_ms: int, most_of_tenant: int | None = None) -> Delivery | None:
        """The delivery that is due, of the tenant with the fewest in flight.

        `most_of_tenant`: deliveries of one tenant that this worker holds at once; None = any number."""

    def finish(
        self, delivery: Delivery, *, status: int | None, error: str | None, next_at_ms: int | None, disable: bool
    ) -> None:
        """`next_at_ms` None and no error = delivered; None with an error = given up; else a delay from now.

        `disable` switches the endpoint off and gives up what waits for it. Raises LeaseLost."""

    def list(
        self, tenant_id: str, endpoint_id: str, *, limit: int = 20, after: str | None = None
    ) -> Sequence[DeliveryRecord]:
        """Newest first, from behind the delivery `after`. Raises NotFound."""

    def redeliver(self, tenant_id: str, delivery_id: str) -> DeliveryRecord:
        """Send it again now, under the same id and with a new series of attempts. Raises NotFound."""
