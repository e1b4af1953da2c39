"""Lease, heartbeat and sweep times of workers under test: short, but long enough for this machine.

Knows the names of the settings without their prefix. The defaults are a lease of 60 s, a heartbeat every 15 s and a
rescue after 90 s of trust.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .machine_speed import deadline


def _lease_s() -> float:
    # On a loaded machine a worker must not lose its lease; it need not be longer than in production.
    return min(60.0, deadline(4.0))


@dataclass(frozen=True)
class ProtocolTimes:
    """Seconds, scaled to the load of the machine at creation."""

    lease_s: float = field(default_factory=_lease_s)
    #: Not scaled: on a slow machine a lease lasts for more heartbeats.
    heartbeat_s: float = 1.0
    sweep_s: float = 0.25
    retry_base_s: float = 0.2

    @property
    def trust_s(self) -> float:
        """Seconds of regular sweeps before a sweeper may rescue: half a lease."""
        return self.lease_s / 2

    def settings(self) -> Mapping[str, str]:
        """Names without prefix, and values."""
        return {
            "LEASE_S": str(self.lease_s),
            "HEARTBEAT_S": str(self.heartbeat_s),
            "RESCUE_TRUST_S": str(self.trust_s),
            "SWEEP_S": str(self.sweep_s),
            "RETRY_BASE_S": str(self.retry_base_s),
        }
