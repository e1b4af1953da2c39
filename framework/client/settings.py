"""The server's address and the API key: the only file of the SDK that reads the environment.

`VOICEMILL_URL` with `VOICEMILL_API_KEY`, else the `client.json` that `voicemill up` wrote into `VOICEMILL_DATA_DIR`
(unset = `~/.local/share/voicemill`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .errors import NotConfigured


@dataclass(frozen=True, slots=True)
class Server:
    """A server's address and the key for it."""

    #: Without a trailing slash.
    base_url: str
    api_key: str | None = field(repr=False)
    #: Secret of the webhooks to a `webhook_url`; known for the local stack only.
    webhook_secret: str | None = field(default=None, repr=False)


def data_dir() -> Path:
    """Directory of the local stack."""
    return Path(os.environ.get("VOICEMILL_DATA_DIR") or "~/.local/share/voicemill").expanduser()


def find_server(
    base_url: str | None = None, api_key: str | None = None, *, directory: str | Path | None = None
) -> Server:
    """The server to use: arguments, then environment, then `client.json`. Raises NotConfigured with instructions.

    `directory`: of a local stack, by whose `client.json` the server is found whatever the environment says. The key in
    `client.json` is sent to the address in `client.json` only.
    """
    if directory is None:
        base_url = base_url or os.environ.get("VOICEMILL_URL")
        api_key = api_key or os.environ.get("VOICEMILL_API_KEY")
    if base_url and api_key:
        return Server(_validate_url(base_url), api_key)
    path = (data_dir() if directory is None else Path(directory).expanduser()) / "client.json"
    local = _read_client_json(path)
    if local is None and not base_url:
        raise NotConfigured(
            f"No server is known: {path} does not exist. Start one here with `voicemill up`, "
            "or set VOICEMILL_URL and VOICEMILL_API_KEY."
        )
    local_url = _validate_url(str(local["base_url"])) if local else None
    url = _validate_url(base_url) if base_url else local_url
    if url is None or local is None or url != local_url:
        raise NotConfigured(f"The server {url} needs a key: set VOICEMILL_API_KEY.")
    return Server(url, api_key or local.get("api_key"), local.get("webhook_secret"))


def _read_client_json(path: Path) -> Mapping[str, str] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise NotConfigured(f"{path} cannot be read ({error}); `voicemill up` writes it anew.") from error
    if not isinstance(content, dict) or not content.get("base_url"):
        raise NotConfigured(f"{path} names no base_url; `voicemill up` writes it anew.")
    return content


def _validate_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise NotConfigured(f"The server's address {url!r} must begin with http:// or https://; correct VOICEMILL_URL.")
    return url.rstrip("/")
