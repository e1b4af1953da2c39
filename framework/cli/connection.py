"""The connection of a command to its server: tried once without retries, so that a missing one is reported at once.

Also whether it is a Voicemill server at all: VOICEMILL_URL may name anything that answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.errors import BadArgument

_HEALTH = frozenset({"ok", "degraded", "down"})
_FROM_PROXIES = frozenset({429, 502, 503, 504})


#: The option `--data-dir` of a command.
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Data directory of the `voicemill up` to connect to; unset = VOICEMILL_URL, else VOICEMILL_DATA_DIR.",
        show_default=False,
    ),
]


def connect(data_dir: Path | None = None) -> Client:
    """A client, with retries, of a server that has answered once. `data_dir`: of a local stack.

    Raises Unreachable without a retry, NotConfigured, ApiError for a refused key, BadArgument for a server of another
    kind.
    """
    from framework.client import effects, endpoints
    from framework.client.blocking_client import Client
    from framework.client.errors import ApiError
    from framework.client.retry_policy import RetryPolicy

    client = Client(data_dir=data_dir)
    try:
        try:
            health = client.run(effects.send(endpoints.get_health(), RetryPolicy(limit=0)))
        except ApiError as error:
            # Servers of ours give a code; a proxy in front of them may say for itself that they are down.
            if error.problem.get("code") or error.status in _FROM_PROXIES or error.code == "redirected":
                raise
            raise _wrong_server(client, f"it answered {error.status} when asked for its health") from error
        if health.get("status") not in _HEALTH:
            raise _wrong_server(client, "its health has another form")
    except BaseException:
        client.close()
        raise
    return client


def _wrong_server(client: Client, reason: str) -> BadArgument:
    from framework.client.errors import BadArgument

    return BadArgument(f"{client.base_url} is no Voicemill server: {reason}. Correct VOICEMILL_URL.")
