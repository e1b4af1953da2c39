"""Local files of running chunks. Knows directories, and that a child is not to be trusted with a path.

    <root>/<chunk>-<fence>/        ours: a file goes through here on its way in and out
    <root>/<chunk>-<fence>/work/   the child's working directory, the only one it may write
    <root>/stderr/                 what the last children printed that ended under their chunks; removed with the worker

A child could leave a symbolic link where we expect a file, or where we are about to write one. So files are handed over
by `rename`, which follows no link, and are examined where the child cannot reach them any more. The working directory
is accessed by its descriptor and not by its path, because a reusable process has it in its own directory meanwhile, and
could move it.
"""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog

from jobs.chunk import Chunk
from workers.engines.protocol import ProtocolViolation

_log = structlog.get_logger(__name__)

#: Files in the directory `stderr`, and bytes of each.
_MOST_STDERR_FILES, _STDERR_BYTES = 20, 16_000


class Workdir:
    """The files of one attempt at a chunk. `path`: the child's working directory."""

    def __init__(self, root: Path) -> None:
        self.path = root / "work"
        self._own = root
        self._count = 0
        for directory in (self._own, self.path):
            directory.mkdir(mode=0o700)
        self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)

    def add_file(self, name: str, write: Callable[[Path], None]) -> str:
        """Have `write` make a file and hand it to the child under `name`. Returns the name."""
        path = self._next()
        write(path)
        # The child may be another user.
        path.chmod(0o644)
        try:
            os.rename(path, name, dst_dir_fd=self._descriptor)
        except OSError as error:
            raise ProtocolViolation("the child has something of its own in the place of an input") from error
        return name

    def take_file(self, name: str) -> Path:
        """Take a finished file from the child. Raises ProtocolViolation where it is no plain file of its directory."""
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise ProtocolViolation("the child announced a file by what is no file name")
        path = self._next()
        try:
            os.rename(name, path, src_dir_fd=self._descriptor)
            info = path.lstat()
        except OSError as error:
            raise ProtocolViolation("the child announced a file that is not there") from error
        if not stat.S_ISREG(info.st_mode) or info.st_nlink != 1:
            raise ProtocolViolation("the child announced a file that is no plain file")
        return path

    def stderr_tail(self) -> bytes:
        """The end of what the child printed. It may quote the user's input: nothing of it may be logged."""
        try:
            path = self.take_file("stderr.txt")
        except ProtocolViolation:
            return b""
        with path.open("rb") as printed:
            printed.seek(max(0, path.stat().st_size - _STDERR_BYTES))
            return printed.read()

    def close(self) -> None:
        """Close the descriptor; the files stay."""
        os.close(self._descriptor)

    def _next(self) -> Path:
        self._count += 1
        return self._own / str(self._count)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that is kept after its chunk."""

    path: Path
    bytes: int


class Workdirs:
    """The directory of this worker's chunks; those of dead workers are removed when it is created."""

    def __init__(self, root: Path) -> None:
        self._root = root / str(os.getpid())
        root.mkdir(parents=True, exist_ok=True, mode=0o711)
        for left in root.iterdir():
            if left.name.isdigit() and not psutil.pid_exists(int(left.name)):
                shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir(mode=0o711)
        self._stderr = self._root / "stderr"
        self._stderr.mkdir(mode=0o700)
        self._stderr_lock = threading.Lock()

    @contextmanager
    def create(self, chunk: Chunk) -> Iterator[Workdir]:
        """Directories for one attempt, removed afterwards."""
        directory = self._root / f"{chunk.id}-{chunk.fence}"
        shutil.rmtree(directory, ignore_errors=True)
        workdir = Workdir(directory)
        try:
            yield workdir
        finally:
            workdir.close()
            shutil.rmtree(directory, ignore_errors=True)

    def keep_stderr(self, chunk: Chunk, workdir: Workdir) -> KeptFile | None:
        """Keep the end of what the child printed, for the operator. None where it printed nothing."""
        path = self._stderr / f"of-{chunk.id}-{chunk.fence}.txt"
        try:
            if not (tail := workdir.stderr_tail()):
                return None
            with self._stderr_lock:
                path.touch(mode=0o600)
                path.write_bytes(tail)
                self._remove_old_stderr()
        except OSError as error:
            # It is an aid only: the chunk's outcome does not depend on it.
            _log.warning("stderr_not_kept", chunk=chunk.id, error=type(error).__name__)
            return None
        return KeptFile(path, len(tail))

    def _remove_old_stderr(self) -> None:
        files = sorted(self._stderr.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        for file in files[:-_MOST_STDERR_FILES]:
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove it all."""
        shutil.rmtree(self._root, ignore_errors=True)
