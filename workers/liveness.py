"""Whether a worker on this machine lives: it dates a file every few seconds, and `python -m workers.liveness` reads it.

For the health checks of containers. A worker that waits for the database, the storage or the broker lives: to restart
it would help nobody. Whether it serves is what `GET /audio/health` tells.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jobs.errors import JobsError
from jobs.settings import read_settings

#: Seconds after which a worker that has not dated its file counts as hung; it does so every 15 s or more often.
SILENT_S = 90.0
_FOLDER = "live"


class Liveness:
    """The file of this worker, named after its pool and process."""

    def __init__(self, data_dir: Path, pool: str) -> None:
        self._path = data_dir / _FOLDER / f"{pool}-{os.getpid()}"

    def report(self) -> None:
        """Say that the worker lives. Never raises: a disk that is full is told by the worker's row."""
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch()

    def close(self) -> None:
        """The worker has stopped."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def silence_s(data_dir: Path, *, pool: str | None = None) -> float | None:
    """Seconds since a worker of the pool, or of any, has reported; None where none has or the last one has stopped."""
    reports = list((data_dir / _FOLDER).glob(f"{pool or '*'}-*"))
    dates = [path.stat().st_mtime for path in reports if path.is_file()]
    return max(0.0, time.time() - max(dates)) if dates else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: a worker lives; 1: none does; 2: the settings cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m workers.liveness", description=__doc__.splitlines()[0])
    parser.add_argument("--pool", help="cpu, tts.espeak, stt.whisper …; unset = any")
    options = parser.parse_args(arguments)
    try:
        silence = silence_s(read_settings().data_dir, pool=options.pool)
    except JobsError as error:
        sys.stderr.write(f"{parser.prog}: {error.for_operator()}\n")
        return 2
    if silence is None:
        sys.stderr.write("no worker runs with this data directory\n")
        return 1
    if silence > SILENT_S:
        sys.stderr.write(f"the worker has not reported for {silence:.0f} s\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
