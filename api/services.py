"""What the routes of one process share: settings, ports, caches and background threads.

A type only: wiring.py builds it, api/http/context.py hands it to the routes. Nothing of a feature is imported when this
module is, so that every feature may import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.http.key_cache import KeyCache
    from api.http.paced_body import BodyPace
    from api.http.places import Places
    from api.http.rate_limits import RateLimits
    from api.jobs.watcher import JobWatcher
    from api.models.live_workers import LiveWorkers
    from api.ops.health import HealthCheck
    from api.ops.request_metrics import RequestMetrics
    from api.submission.uncertain_inputs import UncertainInputs
    from jobs.dispatch.dispatch import Dispatch
    from jobs.outbound.address import OutboundPolicy
    from jobs.secret_box import SecretBox
    from jobs.settings import Settings
    from jobs.storage.storage import Storage
    from jobs.storage.verified_ranges import VerifiedRanges
    from jobs.store import Store
    from pipelines.catalog.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Services:
    """One per process, shared by its threads."""

    settings: Settings
    store: Store
    storage: Storage
    ranges: VerifiedRanges
    dispatch: Dispatch
    secret_box: SecretBox
    catalog: Catalog
    key_cache: KeyCache
    workers: LiveWorkers
    watcher: JobWatcher
    transfers: Places
    rate_limits: RateLimits
    body_pace: BodyPace
    uncertain_inputs: UncertainInputs
    outbound: OutboundPolicy
    request_metrics: RequestMetrics
    health_check: HealthCheck

    def close(self) -> None:
        """Stop the background threads, and send pending notifications, for about a second."""
        self.watcher.close()
        self.uncertain_inputs.close()
        self.dispatch.close()
