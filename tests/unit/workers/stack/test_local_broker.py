"""Workers beside `voicemill up` find its broker."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.errors import Misconfigured
from jobs.settings import Settings
from workers.stack.local_broker import remove_broker_file, use_local_broker, write_broker_file

PUBLIC = "http://127.0.0.1:9090"


@pytest.fixture
def port() -> Iterator[int]:
    """Of a broker that listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VOICEMILL_BROKER_URL", "VOICEMILL_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "run").mkdir()


def broker_of(settings: Settings) -> str | None:
    return settings.broker_url and settings.broker_url.get_secret_value()


def test_worker_uses_the_broker_and_the_address_of_the_running_stack(tmp_path: Path, port: int) -> None:
    url = f"redis://:hunter2@127.0.0.1:{port}/0"
    write_broker_file(tmp_path, broker_url=url, public_url=PUBLIC)
    found = use_local_broker(Settings(data_dir=tmp_path))
    assert (broker_of(found), found.public_url) == (url, PUBLIC)
    assert "hunter2" not in repr(found)


def test_file_is_readable_by_its_owner_only(tmp_path: Path, port: int) -> None:
    write_broker_file(tmp_path, broker_url=f"redis://:hunter2@127.0.0.1:{port}/0", public_url=PUBLIC)
    assert stat.S_IMODE((tmp_path / "run" / "broker.json").stat().st_mode) == 0o600


def test_given_broker_and_address_win(tmp_path: Path, port: int) -> None:
    write_broker_file(tmp_path, broker_url=f"redis://127.0.0.1:{port}/0", public_url=PUBLIC)
    own = Settings(data_dir=tmp_path, broker_url="redis://elsewhere/0")
    assert use_local_broker(own) is own
    assert use_local_broker(Settings(data_dir=tmp_path, public_url="https://a")).public_url == "https://a"


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"broker_url": "redis://a:port"}'])
def test_without_a_running_stack_nothing_changes(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "run" / "broker.json").write_text(content)
    settings = Settings(data_dir=tmp_path)
    assert use_local_broker(settings) is settings


def test_stack_that_was_killed_is_named(tmp_path: Path) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        write_broker_file(tmp_path, broker_url=f"redis://127.0.0.1:{reserved.getsockname()[1]}/0", public_url=PUBLIC)
        with pytest.raises(Misconfigured, match="does not run any more: start it first"):
            use_local_broker(Settings(data_dir=tmp_path))


def test_stopped_stack_leaves_no_file(tmp_path: Path, port: int) -> None:
    write_broker_file(tmp_path, broker_url=f"redis://127.0.0.1:{port}/0", public_url=PUBLIC)
    for _ in range(2):
        remove_broker_file(tmp_path)
    assert list((tmp_path / "run").iterdir()) == []
