"""Builds the services of a process. The only module of api/ that imports adapters."""

from __future__ import annotations

from pathlib import Path

import structlog

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
from jobs.dispatch.from_settings import open_dispatch
from jobs.errors import JobsError, Misconfigured, NotMigrated
from jobs.outbound.address import OutboundPolicy
from jobs.secret_box import SecretBox, open_secret_box
from jobs.settings import Settings
from jobs.sql import open_store
from jobs.storage.from_settings import open_storage
from jobs.storage.pairing import pair_storage
from jobs.storage.storage import Storage
from jobs.storage.verified_ranges import VerifiedRanges
from jobs.store import Store
from pipelines.catalog.catalog import Catalog

from .services import Services

log = structlog.get_logger("api")


def build_services(settings: Settings) -> Services:
    """The services for these settings. Raises Misconfigured."""
    secret_box = open_secret_box(settings)
    store = open_store(settings, secret_box)
    workers = LiveWorkers(store.workers)

    def slots_of(queue: str) -> int:
        return sum(row.slots for row in workers.serving(queue)) or 1

    dispatch = open_dispatch(settings, slots_of=slots_of)
    storage = open_storage(settings)
    try:
        pair_storage(storage, store.maintenance)
    except (NotMigrated, Misconfigured):
        raise  # no request could be answered before an operator acts
    except JobsError as error:
        log.warning(
            "storage_not_marked", detail=error.for_operator()
        )  # a worker marks it later; until then nothing is deleted
    return assemble_services(
        settings, store=store, storage=storage, dispatch=dispatch, secret_box=secret_box, workers=workers
    )


def assemble_services(
    settings: Settings,
    *,
    store: Store,
    storage: Storage,
    dispatch: Dispatch,
    secret_box: SecretBox | None = None,
    workers: LiveWorkers | None = None,
) -> Services:
    """The services over three given adapters. `secret_box`, `workers`: where the caller has made them already."""
    workers = workers if workers is not None else LiveWorkers(store.workers)
    metrics = RequestMetrics()
    return Services(
        settings=settings,
        store=store,
        storage=storage,
        ranges=VerifiedRanges(storage),
        dispatch=dispatch,
        secret_box=secret_box if secret_box is not None else open_secret_box(settings),
        catalog=_read_catalog(settings.data_dir / "models.toml"),
        key_cache=KeyCache(store.keys, trust_s=settings.api_cache_keys_s),
        workers=workers,
        watcher=JobWatcher(
            store.jobs,
            max_waiters=settings.max_waiters,
            max_tenant_waiters=settings.max_tenant_waiters,
            max_key_waiters=settings.max_key_waiters,
            report_waiters=metrics.set_waiters,
        ),
        transfers=Places(
            total=settings.max_transfers, tenant=settings.max_tenant_transfers, key=settings.max_key_transfers
        ),
        rate_limits=RateLimits(
            broker_url=settings.broker_url.get_secret_value() if settings.broker_url else None,
            per_minute={"requests": settings.max_requests_per_minute, "jobs": settings.max_jobs_per_minute},
        ),
        body_pace=BodyPace(
            min_bytes_per_s=settings.min_body_bytes_per_s, grace_s=settings.body_grace_s, max_s=settings.max_body_s
        ),
        uncertain_inputs=UncertainInputs(store.jobs, storage),
        outbound=OutboundPolicy(settings.outbound_allow),
        request_metrics=metrics,
        health_check=HealthCheck(store, storage, workers),
    )


def _read_catalog(models_toml: Path) -> Catalog:
    try:
        return Catalog.read(models_toml)
    except ValueError as error:
        raise Misconfigured(str(error), field="models.toml") from error
