"""The files that a command writes: none replaces an input or another output, and an existing file only with `--force`.

Paths are compared as a file system might: through symbolic and hard links, and without regard to case and to the form
of accents, since some file systems know neither. So a name that differs in case alone is refused everywhere.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from framework.client.blocking_client import Client
    from framework.client.job import Job

#: The option `--force` of a command.
Force = Annotated[bool, typer.Option("--force", help="Replace existing files; never an input of this command.")]

#: A path through whatever links: the deepest directory that exists, by device and number, and the names below it.
_Place: TypeAlias = tuple[int, int, tuple[str, ...]]


class OutputFiles:
    """The outputs of one command: reserved before anything is sent, and checked again when they are written."""

    def __init__(self, inputs: Iterable[Path] = (), *, force: bool) -> None:
        """`inputs`: all files that the command reads."""
        self._inputs = tuple(inputs)
        self._input_places = {_place(path): path for path in self._inputs}
        self._reserved: dict[_Place, Path] = {}
        self._force = force

    def reserve(self, paths: Sequence[Path]) -> None:
        """Claim files to be written. Raises BadArgument for one that must not or cannot be written."""
        from framework.client.errors import BadArgument

        for path in paths:
            self._check(path)
            other = self._reserved.setdefault(_place(path), path)
            if other is not path:
                raise BadArgument(f"{path} and {other} are two outputs in one file; choose another name with -o.")

    def save(self, client: Client, job: Job, name: str, path: Path) -> Path:
        """Download a result file as `path`, atomically. Raises BadArgument as `reserve`, CorruptDownload."""
        from framework.client.errors import BadArgument

        try:
            self._check(path)
            return client.jobs.download(job, name, path, overwrite=self._force)
        except BadArgument as error:
            raise BadArgument(f"{error.detail} `voicemill job {job.id} -o DIR` saves the result elsewhere.") from error

    def _check(self, path: Path) -> None:
        from framework.client.errors import BadArgument

        try:
            read = self._input_places.get(_place(path)) or next(
                (each for each in self._inputs if _is_same_file(each, path)), None
            )
            if read is not None:
                raise BadArgument(
                    f"{path} would replace {read}, which this command reads; choose another name with -o."
                )
            self._check_existing(path)
            _check_directory(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise BadArgument(f"{path} cannot be written: {reason}.") from error

    def _check_existing(self, path: Path) -> None:
        from framework.client.errors import BadArgument

        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            return
        if stat.S_ISLNK(mode) and path.exists():
            mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise BadArgument(f"{path} is no regular file; choose another name with -o.")
        if not self._force:
            raise BadArgument(f"{path} exists already; add --force to replace it, or choose another name with -o.")


def _place(path: Path) -> _Place:
    """Where the path leads. Raises OSError, ValueError for a path that cannot exist."""
    real = Path(os.path.realpath(path))
    directory, names = real.parent, [real.name]
    while not directory.exists() and directory != directory.parent:
        names.insert(0, directory.name)
        directory = directory.parent
    found = directory.stat()
    return found.st_dev, found.st_ino, tuple(fold_name(name) for name in names)


def fold_name(name: str) -> str:
    """The name as a file system compares it that knows neither case nor forms of accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _is_same_file(first: Path, second: Path) -> bool:
    """Whether both exist and are one file, also under two names."""
    try:
        return first.samefile(second)
    except FileNotFoundError:
        return False


def _check_directory(path: Path) -> None:
    """The deepest directory above the file that exists can be written. Raises OSError."""
    directory = path.absolute().parent
    while not os.path.lexists(directory):
        directory = directory.parent
    if not directory.is_dir():
        raise NotADirectoryError(0, f"{directory} is no directory")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError(0, f"there is no permission to write in {directory}")
