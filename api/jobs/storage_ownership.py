"""Whether this server may delete in its storage."""

from __future__ import annotations

import structlog

from api.wiring import Services
from jobs.errors import Misconfigured, StorageUnavailable
from jobs.storage.ownership import require_own_storage

log = structlog.get_logger("api")


def check_own_storage(services: Services) -> None:
    """A database restored from a backup must not delete what a newer one has written. Raises StorageUnavailable."""
    try:
        require_own_storage(services.storage, services.store.installation_id())
    except Misconfigured as error:
        log.error("delete_refused", reason=error.detail)
        raise StorageUnavailable("Nothing can be deleted at the moment; the operator knows why.") from error
