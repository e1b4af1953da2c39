"""The tenant, key and webhook secret of the local stack, and the file by which clients find them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jobs.store import Store

TENANT = "local"
_SCOPES = ("read", "submit", "stream", "admin")
_FILE = "client.json"


@dataclass(frozen=True, slots=True)
class ClientFile:
    """What `client.json` says."""

    base_url: str
    flower_url: str
    flower_user: str
    flower_password: str = field(repr=False)
    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    #: Nothing streams in this version.
    ws_url: str | None = None


def known(data_dir: Path) -> dict[str, Any]:
    """What an earlier start wrote; empty where there is none, or none that can be read."""
    try:
        content = json.loads((data_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def open_account(store: Store, data_dir: Path) -> tuple[str, str]:
    """The local key and the default webhook secret: those of the last start while they hold, else new ones."""
    store.ensure_tenant(TENANT)
    before = known(data_dir)
    key, secret = str(before.get("api_key") or ""), str(before.get("webhook_secret") or "")
    found = store.key_for(key) if key else None
    if found is None or found.tenant_id != TENANT:
        _, key = store.create_key(TENANT, "local stack", _SCOPES)
        # Another database, or a key that was revoked: then its webhook secret is not this one's either.
        secret = ""
    return key, secret or store.rotate_default_secret(TENANT)


def write(data_dir: Path, client: ClientFile) -> Path:
    """Write `client.json`, whole or not at all, readable by its owner only."""
    path = data_dir / _FILE
    draft = data_dir / f".{_FILE}.new"
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(client), indent=2) + "\n", encoding="utf-8")
    draft.replace(path)
    return path
