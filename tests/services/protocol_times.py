"""The times of the protocol between workers and the record, short enough for tests and long enough for this machine.

Knows the settings' names without their prefix. Production has a lease of 60 s, heartbeats every 15 s, trust after 90 s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .machine_speed import deadline


def _lease_s() -> float:
    # A worker that gets no processor for a while keeps its lease; longer than in production it need not be.
    return min(60.0, deadline(4.0))


@dataclass(frozen=True)
class ProtocolTimes:
    """Seconds, fitted to the machine when this is made."""

    lease_s: float = field(default_factory=_lease_s)
    #: Not longer on a slow machine: more heartbeats then fit into a lease.
    heartbeat_s: float = 1.0
    sweep_s: float = 0.25
    retry_base_s: float = 0.2

    @property
    def trust_s(self) -> float:
        """Seconds of sweeps before a sweeper believes that a lease is dead: half a lease."""
        return self.lease_s / 2

    def settings(self) -> Mapping[str, str]:
        """As settings, without their prefix."""
        return {
            "LEASE_S": str(self.lease_s),
            "HEARTBEAT_S": str(self.heartbeat_s),
            "RESCUE_TRUST_S": str(self.trust_s),
            "SWEEP_S": str(self.sweep_s),
            "RETRY_BASE_S": str(self.retry_base_s),
        }
