"""Equal requests with one Idempotency-Key get one job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.job import Idempotency


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The key of a client, which counts for one route. `route`: method and path."""

    route: str
    key: str

    def bind(self, params: Mapping[str, Any], upload: tuple[str, str] | None = None) -> Idempotency:
        """The key with the request that it stands for; see `fingerprint`."""
        return Idempotency(self.route, self.key, fingerprint(params, upload))


def fingerprint(params: Mapping[str, Any], upload: tuple[str, str] | None = None) -> str:
    """SHA-256 of the request as sent, before `auto` is resolved. `upload`: digest and name of the file."""
    canonical = json.dumps([params, upload], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
