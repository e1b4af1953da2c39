"""Services for settings."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from api.wiring import build_services
from jobs.dispatch.celery_dispatch import CeleryDispatch
from jobs.dispatch.dispatch import NullDispatch
from jobs.errors import Misconfigured, StorageUnavailable
from jobs.settings import Settings
from jobs.storage.object_keys import MARKER_KEY


@pytest.fixture
def stored_settings(tmp_path, sqlite_url):
    """An installation without services of its own, over a migrated file."""
    settings = Settings(data_dir=tmp_path)
    assert settings.resolved_database_url() == sqlite_url
    return settings


def test_services_without_a_broker_notify_nobody_and_mark_the_storage(stored_settings):
    services = build_services(stored_settings)
    assert isinstance(services.dispatch, NullDispatch)
    marker = b"".join(services.storage.read(MARKER_KEY)).decode()
    assert marker == services.store.maintenance.installation_id()
    services.close()


def test_services_with_a_broker_notify_through_celery(stored_settings):
    settings = stored_settings.model_copy(update={"broker_url": SecretStr("redis://:secret@127.0.0.1:1/0")})
    services = build_services(settings)
    assert isinstance(services.dispatch, CeleryDispatch)
    services.close()


def test_api_starts_while_the_storage_is_down(stored_settings, monkeypatch):
    def down(*_arguments):
        raise StorageUnavailable

    monkeypatch.setattr("api.wiring.pair_storage", down)
    services = build_services(stored_settings)
    assert services.store.jobs.list("local").jobs == []
    services.close()


def test_api_refuses_a_storage_that_its_database_is_not_paired_with(stored_settings, tmp_path):
    build_services(stored_settings).close()
    (tmp_path / "objects").rename(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match=r"_STORAGE_URL.* VOICEMILL_DATABASE_URL .*workers\.replace_storage"):
        build_services(stored_settings)
