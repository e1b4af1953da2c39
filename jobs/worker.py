"""Worker processes as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .job import Json


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A row of `workers`, as the process last registered itself."""

    id: str
    queues: Sequence[str]
    slots: int
    device: str
    last_seen: int
    #: Names of catalogue entries that are loaded, and {"rss_bytes": …} and the like.
    info: Json = field(default_factory=dict)
