"""The tenant, key and webhook secret of the local stack, and the file in which clients find them.

`account.json` keeps the secrets between starts. `client.json` exists while the stack is ready, and only then.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jobs.api_key import SCOPES
from jobs.store import Store

from .private_file import write_private_json

TENANT = "local"
FLOWER_USER = "voicemill"


@dataclass(frozen=True, slots=True)
class LocalAccount:
    """The credentials of the local user."""

    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    flower_password: str = field(repr=False)


def load_or_create_account(store: Store, data_dir: Path) -> LocalAccount:
    """The account of the last start where the database still has its key, else a new one."""
    path = data_dir / "account.json"
    store.keys.ensure_tenant(TENANT)
    before = _read(path)
    key = str(before.get("api_key") or "")
    found = store.keys.find(key) if key else None
    if found is not None and found.tenant_id == TENANT and before.get("webhook_secret"):
        account = LocalAccount(key, str(before["webhook_secret"]), str(before["flower_password"]))
    else:
        _, key = store.keys.create(TENANT, "local stack", SCOPES)
        account = LocalAccount(key, store.endpoints.rotate_default_secret(TENANT), secrets.token_urlsafe(24))
        write_private_json(path, asdict(account))
    return account


def write_client_file(data_dir: Path, account: LocalAccount, *, base_url: str, flower_url: str) -> Path:
    """Write `client.json`: from now on clients find the stack."""
    path = data_dir / "client.json"
    # Nothing streams in this version.
    write_private_json(
        path,
        {"base_url": base_url, "ws_url": None, "flower_url": flower_url, "flower_user": FLOWER_USER, **asdict(account)},
    )
    return path


def remove_client_file(data_dir: Path) -> None:
    """Remove `client.json`: the stack does not answer any more."""
    (data_dir / "client.json").unlink(missing_ok=True)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
