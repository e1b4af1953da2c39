"""API keys as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

#: What a key allows; `admin` includes all others. `stream` guards nothing yet: it is reserved for live audio over
#: WebSockets. The command line (framework/cli/commands/keys.py) names the scopes in a help text.
Scope = Literal["read", "submit", "stream", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key's row, without its secret."""

    id: str
    tenant_id: str
    name: str
    scopes: Sequence[str]
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None
    revoked_at: int | None = None
