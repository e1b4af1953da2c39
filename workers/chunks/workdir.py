"""Local files of running chunks. Knows directories, and that a child is not to be trusted with a path.

    <root>/<chunk>-<fence>/        ours: a file goes through here on its way in and out
    <root>/<chunk>-<fence>/box/    the child's: its current directory, the only one it may write

A child could leave a symbolic link where we expect a file, or where we are about to write one. So files change hands by
`rename`, which follows no link, and are looked at where the child cannot reach them any more. The box is known by its
handle and not by its path, because a process that is kept has it in its own directory meanwhile, and could move it.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from jobs.job import Chunk

from .outcomes import Misbehaved


class ChunkFiles:
    """The files of one chunk."""

    def __init__(self, root: Path) -> None:
        self.box = root / "box"
        self._own = root
        self._count = 0
        for directory in (self._own, self.box):
            directory.mkdir(mode=0o700)
        self._handle = os.open(self.box, os.O_RDONLY | os.O_DIRECTORY)

    def bring(self, name: str, write: Callable[[Path], None]) -> str:
        """Have `write` make a file and give it to the child under `name`. Returns the name."""
        path = self._next()
        write(path)
        # The child may be another user.
        path.chmod(0o644)
        try:
            os.rename(path, name, dst_dir_fd=self._handle)
        except OSError as error:
            raise Misbehaved(f"the child is in the way of {name!r}") from error
        return name

    def take(self, name: str) -> Path:
        """Take a finished file from the child. Raises Misbehaved when it is no plain file of its own directory."""
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise Misbehaved(f"{name[:80]!r} is no file name")
        path = self._next()
        try:
            os.rename(name, path, src_dir_fd=self._handle)
            info = path.lstat()
        except OSError as error:
            raise Misbehaved(f"there is no file {name!r}") from error
        if not stat.S_ISREG(info.st_mode) or info.st_nlink != 1:
            raise Misbehaved(f"{name!r} is no plain file")
        return path

    def last_words(self) -> str:
        """The end of what the child's native code printed; for the log."""
        try:
            path = self.take("stderr.txt")
            with path.open("rb") as errors:
                errors.seek(max(0, path.stat().st_size - 2000))
                return errors.read().decode(errors="replace")
        except Misbehaved:
            return ""

    def close(self) -> None:
        """Let go of the box."""
        os.close(self._handle)

    def _next(self) -> Path:
        self._count += 1
        return self._own / str(self._count)


class Scratch:
    """The directory of this worker's chunks; emptied of what dead workers left when it is opened."""

    def __init__(self, root: Path) -> None:
        self._root = root / str(os.getpid())
        root.mkdir(parents=True, exist_ok=True, mode=0o711)
        for left in root.iterdir():
            if left.name.isdigit() and not psutil.pid_exists(int(left.name)):
                shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir(mode=0o711)

    @contextmanager
    def files(self, chunk: Chunk) -> Iterator[ChunkFiles]:
        """Directories for one attempt, gone afterwards."""
        directory = self._root / f"{chunk.id}-{chunk.fence}"
        shutil.rmtree(directory, ignore_errors=True)
        files = ChunkFiles(directory)
        try:
            yield files
        finally:
            files.close()
            shutil.rmtree(directory, ignore_errors=True)

    def close(self) -> None:
        """Remove it all."""
        shutil.rmtree(self._root, ignore_errors=True)
