"""The SQLite file, for the user of the service alone: it holds texts, transcripts and keys' digests.

SQLite gives its other files (-wal, -shm, -journal) the permissions of the database.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import sqlalchemy as sa
import structlog

from jobs.errors import Misconfigured
from jobs.settings import data_dir_errors

_log = structlog.get_logger(__name__)

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SUFFIXES = ("", "-wal", "-shm", "-journal")


def make_private(url: sa.URL) -> None:
    """Create the file of an SQLite database with mode 600 if there is none, and take it from others if there is.

    Does nothing for other databases. Raises Misconfigured where it cannot be created, or its permissions changed.
    """
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return
    path = Path(str(url.database))
    if path.parent.is_dir() and not path.exists():
        # An empty file is an empty database. O_EXCL is not needed: whoever comes first, the mode is the same.
        with data_dir_errors(path.parent):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for suffix in _SUFFIXES:
        _take_from_others(path.with_name(path.name + suffix))


def _take_from_others(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)
            _log.warning("database_was_open_to_others", path=str(path), mode=oct(mode))
    except FileNotFoundError:
        return
    except OSError as error:
        raise Misconfigured(
            f"other users can read {path}, and its mode cannot be changed: make it 600, owned by the user of the "
            "service",
            field="VOICEMILL_DATA_DIR",
        ) from error
