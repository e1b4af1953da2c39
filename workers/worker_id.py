"""The name of a worker process, as the columns `workers.id` and `chunks.lease_owner` hold it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerId:
    """`<installation>:<host>:<pool>:<pid>`. A host name may contain colons; the other parts contain none."""

    installation: str
    host: str
    pool: str
    pid: int

    def __str__(self) -> str:
        return f"{self.installation}:{self.host}:{self.pool}:{self.pid}"

    @classmethod
    def of_this_process(cls, installation: str, pool: str) -> WorkerId:
        """The id of the calling process."""
        return cls(installation, platform.node(), pool, os.getpid())

    @classmethod
    def parse(cls, text: str) -> WorkerId:
        """The inverse of `str`. Raises ValueError."""
        installation, _, rest = text.partition(":")
        host, pool, pid = rest.rsplit(":", 2)
        return cls(installation, host, pool, int(pid))

    @staticmethod
    def prefix(installation: str, host: str | None = None) -> str:
        """How the ids of all workers of an installation begin; with `host` those on that host."""
        return f"{installation}:" if host is None else f"{installation}:{host}:"
