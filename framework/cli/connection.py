"""The client of a command, once somebody answers: a person should not wait for retries to learn that nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framework.client.blocking_client import Client


def connected() -> Client:
    """A patient client for a server that is there. Raises Unreachable at once where none is, NotConfigured."""
    from framework.client import effects, endpoints
    from framework.client.blocking_client import Client
    from framework.client.retry_policy import Retries

    client = Client()
    try:
        client.run(effects.send(endpoints.health(), Retries(limit=0)))
    except BaseException:
        client.close()
        raise
    return client
