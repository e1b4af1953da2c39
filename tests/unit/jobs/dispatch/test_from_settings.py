"""Which dispatch the settings ask for."""

from __future__ import annotations

from pydantic import SecretStr

from jobs.dispatch.celery_dispatch import CeleryDispatch
from jobs.dispatch.dispatch import NullDispatch
from jobs.dispatch.from_settings import open_dispatch
from jobs.settings import Settings


def test_without_a_broker_nobody_is_notified() -> None:
    assert isinstance(open_dispatch(Settings(), slots_of=lambda queue: 1), NullDispatch)


def test_a_broker_is_notified_through_celery() -> None:
    dispatch = open_dispatch(Settings(broker_url=SecretStr("redis://127.0.0.1:1/0")), slots_of=lambda queue: 1)
    assert isinstance(dispatch, CeleryDispatch)
    dispatch.close()
