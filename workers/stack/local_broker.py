"""The address of the local stack's private broker, in a file by which further workers of this machine find it.

`run/broker.json` in the data directory exists while the stack runs. It holds the broker's password and is readable by
its owner only.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from jobs.errors import Misconfigured
from jobs.settings import Settings

from .private_file import write_private_json

_CONNECT_S = 2.0


def write_broker_file(data_dir: Path, *, broker_url: str, public_url: str) -> None:
    """From now on workers of this machine find the broker; `public_url` is in links that they send."""
    write_private_json(_path(data_dir), {"broker_url": broker_url, "public_url": public_url})


def remove_broker_file(data_dir: Path) -> None:
    """The broker is gone, or will be in a moment."""
    _path(data_dir).unlink(missing_ok=True)


def use_local_broker(settings: Settings) -> Settings:
    """The settings with the broker of the `voicemill up` in `data_dir`, where they name none and one runs there.

    Raises Misconfigured where it ended without removing its file.
    """
    if settings.broker_url is not None:
        return settings
    try:
        found = json.loads(_path(settings.data_dir).read_text(encoding="utf-8"))
        broker_url, public_url = str(found["broker_url"]), str(found["public_url"])
        address = urlsplit(broker_url)
        port = address.port or 0
    except (OSError, ValueError, KeyError, TypeError):
        return settings
    try:
        socket.create_connection((address.hostname or "", port), timeout=_CONNECT_S).close()
    except OSError as error:
        raise Misconfigured(
            f"the `voicemill up` of {settings.data_dir} does not run any more: start it first, or set "
            "VOICEMILL_BROKER_URL",
            field="VOICEMILL_BROKER_URL",
        ) from error
    changes: dict[str, object] = {"broker_url": SecretStr(broker_url)}
    if "public_url" not in settings.model_fields_set:
        changes["public_url"] = public_url
    return settings.model_copy(update=changes)


def _path(data_dir: Path) -> Path:
    return data_dir / "run" / "broker.json"
