"""The services of a worker process."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.dispatch.dispatch import NullDispatch
from jobs.errors import Misconfigured
from jobs.settings import Settings
from workers.wiring import broker_url, wire


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("VOICEMILL_BROKER_URL", raising=False)
    return Settings(
        data_dir=tmp_path, database_url=sqlite_url, secret_key="the secret key of this one test, long enough"
    )


def test_without_a_broker_nobody_is_notified(settings: Settings) -> None:
    services = wire(settings)
    assert isinstance(services.dispatch, NullDispatch)
    services.store.close()  # type: ignore[attr-defined]


def test_a_worker_is_known_by_installation_host_pool_and_process(settings: Settings) -> None:
    services = wire(settings)
    installation, host, pool, pid = services.worker_id("cpu").split(":")
    assert installation == services.store.maintenance.installation_id()
    assert host and pool == "cpu" and int(pid) > 0
    services.store.close()  # type: ignore[attr-defined]


def test_models_of_the_data_directory_are_known(settings: Settings) -> None:
    table = '[[model]]\nname = "mine"\nkind = "tts"\nfamily = "tone"\ntarget = "pipelines.families.tone:load"\n'
    (settings.data_dir / "models.toml").write_text(f'{table}engines = ["numpy"]\nlanguages = ["*"]\n')
    services = wire(settings)
    assert services.catalog.knows("mine")
    services.store.close()  # type: ignore[attr-defined]


def test_a_worker_needs_a_broker(settings: Settings) -> None:
    with pytest.raises(Misconfigured) as refused:
        broker_url(settings)
    assert refused.value.field == "VOICEMILL_BROKER_URL"
    assert broker_url(Settings(data_dir=settings.data_dir, broker_url="redis://:x@h:1/0")) == "redis://:x@h:1/0"
