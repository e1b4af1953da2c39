"""Opens the dispatch that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from jobs.settings import Settings

from .celery_dispatch import CeleryDispatch
from .dispatch import Dispatch, NullDispatch


def open_dispatch(settings: Settings, *, slots_of: Callable[[str], int]) -> Dispatch:
    """Celery over VOICEMILL_BROKER_URL, or one that notifies nobody. `slots_of`: live slots of a queue."""
    if settings.broker_url is None:
        return NullDispatch()
    return CeleryDispatch(settings.broker_url.get_secret_value(), slots_of=slots_of)
