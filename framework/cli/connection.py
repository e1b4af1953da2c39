"""The connection of a command to its server: tried once without retries, so that a missing one is reported at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framework.client.blocking_client import Client


def connect() -> Client:
    """A client, with retries, of a server that has answered once. Raises Unreachable without a retry, NotConfigured."""
    from framework.client import effects, endpoints
    from framework.client.blocking_client import Client
    from framework.client.retry_policy import RetryPolicy

    client = Client()
    try:
        client.run(effects.send(endpoints.get_health(), RetryPolicy(limit=0)))
    except BaseException:
        client.close()
        raise
    return client
