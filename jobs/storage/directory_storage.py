"""Objects as files of a directory: the storage of a single machine.

A file appears complete, durably and once: temporary file, fsync, hard link (which never overwrites), fsync of the
directories. Temporary files are in one directory of their own, where those of killed processes are found: deleting a
job, the first three segments of its keys, deletes those of its objects too.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from jobs.errors import Conflict, NotFound, StorageUnavailable
from jobs.stored_object import StoredObject

from .object_keys import check_key, check_prefix
from .verified_save import save_verified

_BLOCK = 1 << 20
#: The directory of temporary files. No key begins with a dot.
_UPLOADS = ".uploads"
#: Synced directories that are remembered at most.
_MAX_SYNCED = 4096


class DirectoryStorage:
    """Objects under `root`, which is created if it is missing. Threads and processes may share it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        #: Directories that were synced with all their parents up to the root. Losing one only costs time.
        self._synced: set[Path] = set()
        with _write_errors():
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            _fsync_directory(root.parent)

    def put_file(self, key: str, path: Path, *, content_type: str = "application/octet-stream") -> StoredObject:
        upload = self.open_upload(key, content_type=content_type)
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    upload.write(block)
            return upload.complete()
        finally:
            upload.abort()

    def put_bytes(self, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> StoredObject:
        upload = self.open_upload(key, content_type=content_type)
        try:
            upload.write(data)
            return upload.complete()
        finally:
            upload.abort()

    def open_upload(self, key: str, *, content_type: str = "application/octet-stream") -> DirectoryUpload:
        return DirectoryUpload(self, key, self._path(key))

    def fetch(self, key: str, path: Path, *, sha256: str | None, bytes: int | None = None) -> None:
        blocks = self.read(key)
        try:
            save_verified(blocks, path, sha256=sha256, bytes=bytes)
        except OSError as error:
            raise StorageUnavailable(f"cannot write the local copy of an object: {error.strerror}") from error

    def open(self, key: str) -> BinaryIO:
        path = self._path(key)
        with _read_errors():
            return path.open("rb")

    def read(self, key: str, *, offset: int = 0, length: int | None = None, block: int = _BLOCK) -> Iterator[bytes]:
        # Opened here and not in the generator: a missing object is reported before the first byte is read.
        return _read_blocks(self.open(key), offset, length, block)

    def copy(self, source: str, target: str) -> None:
        path, other = self._path(source), self._path(target)
        if self.stat(source) is None:
            raise NotFound("there is no such object")
        # Objects never change, so a second name for the same bytes is a copy.
        self.publish(path, other)

    def stat(self, key: str) -> int | None:
        path = self._path(key)
        try:
            with _read_errors():
                return path.stat().st_size if not path.is_dir() else None
        except NotFound:
            return None

    def delete_prefix(self, prefix: str) -> int:
        directory = self._root / check_prefix(prefix)[:-1]
        self._synced = {path for path in self._synced if not path.is_relative_to(directory)}
        with _write_errors():
            for path in self._root.joinpath(_UPLOADS).glob(f"{_owner_of(prefix)}-*"):
                path.unlink(missing_ok=True)
            removed = sum(
                not name.startswith(".")
                for _, _, names in os.walk(directory, onerror=_ignore_missing)
                for name in names
            )
            # A writer that was not stopped yet may add a file meanwhile: repeat a few times.
            for attempts_left in (3, 2, 1, 0):
                try:
                    shutil.rmtree(directory)
                except OSError:
                    if not directory.exists():
                        break
                    if not attempts_left:
                        raise
                else:
                    break
        return removed

    def discard_stale_uploads(self, *, older_than_s: float) -> int:
        removed, latest = 0, time.time() - older_than_s
        with _write_errors():
            for path in self._root.joinpath(_UPLOADS).glob("*"):
                # Each block that is written makes it newer.
                if path.stat().st_mtime < latest:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    def temporary_path(self, key: str) -> Path:
        """Where an upload writes before it becomes the object of this key. Raises StorageUnavailable."""
        with _write_errors():
            self.make_directory(self._root / _UPLOADS)
        return self._root / _UPLOADS / f"{_owner_of(key)}-{uuid.uuid4().hex}"

    def url(self, key: str, *, filename: str, content_type: str, expires_s: int = 900) -> str | None:
        """None: the API serves the bytes itself, behind a link that it signs."""
        return None

    def check(self) -> None:
        probe = self._root / f".probe-{uuid.uuid4().hex}"
        with _write_errors():
            probe.write_bytes(b"1")
            probe.unlink()

    def make_directory(self, path: Path) -> None:
        """Create it where it is missing, without fsync. Raises OSError."""
        if not path.is_dir():
            self._synced.discard(path)
            path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def publish(self, file: Path, target: Path) -> None:
        """Give a file that was synced its final name, durably. Does nothing where the same bytes are there already.

        Raises Conflict where other bytes are there, StorageUnavailable.
        """
        directory = target.parent
        with _write_errors():
            self.make_directory(directory)
            try:
                os.link(file, target)
            except FileExistsError:
                if not _same_bytes(file, target):
                    raise Conflict("an object of this name exists with other bytes") from None
            _fsync_directory(directory)
            # The name of the directory is stored in its parent, and so on up to the root. All of them are synced once,
            # because another process may have created any of them and not synced it yet.
            if directory in self._synced:
                return
            for parent in directory.parents:
                _fsync_directory(parent)
                if parent == self._root:
                    break
            if len(self._synced) >= _MAX_SYNCED:
                self._synced.clear()
            self._synced.add(directory)

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)


class DirectoryUpload:
    """A temporary file that becomes an object at `complete`."""

    def __init__(self, storage: DirectoryStorage, key: str, target: Path) -> None:
        self._storage, self._key, self._target = storage, key, target
        self._temporary = storage.temporary_path(key)
        self._digest, self._bytes = hashlib.sha256(), 0
        with _write_errors():
            descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file: BinaryIO | None = os.fdopen(descriptor, "wb", buffering=0)

    def write(self, block: bytes) -> None:
        assert self._file is not None, "write after complete or abort"
        rest = memoryview(block)
        with _write_errors():
            while rest:
                rest = rest[self._file.write(rest) :]
        self._digest.update(block)
        self._bytes += len(block)

    def complete(self) -> StoredObject:
        assert self._file is not None, "complete after complete or abort"
        with _write_errors():
            os.fsync(self._file.fileno())
            size = os.fstat(self._file.fileno()).st_size
            self._file.close()
        if size != self._bytes:
            raise StorageUnavailable(f"the disk kept {size} of {self._bytes} bytes")
        self._storage.publish(self._temporary, self._target)
        self.abort()
        return StoredObject(key=self._key, sha256=self._digest.hexdigest(), bytes=self._bytes)

    def abort(self) -> None:
        if self._file is None:
            return
        self._file.close()
        self._file = None
        # A temporary file that cannot be deleted now is deleted when it is stale.
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)


def _owner_of(key: str) -> str:
    """A name for the job or voice that a key, or a prefix, belongs to; keys are too long for a file name."""
    return hashlib.sha256("/".join(key.split("/")[:3]).encode()).hexdigest()[:32]


def _fsync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _same_bytes(one: Path, other: Path) -> bool:
    with one.open("rb") as a, other.open("rb") as b:
        return hashlib.file_digest(a, "sha256").digest() == hashlib.file_digest(b, "sha256").digest()


def _read_blocks(file: BinaryIO, offset: int, length: int | None, block: int) -> Iterator[bytes]:
    with file, _read_errors():
        file.seek(offset)
        while length is None or length > 0:
            data = file.read(block if length is None else min(block, length))
            if not data:
                return
            if length is not None:
                length -= len(data)
            yield data


def _ignore_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


@contextlib.contextmanager
def _read_errors() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise NotFound("there is no such object") from error
    except OSError as error:
        raise StorageUnavailable(f"the object directory does not work: {error.strerror}") from error


@contextlib.contextmanager
def _write_errors() -> Iterator[None]:
    # Here a missing file is not a missing object: the directory was deleted meanwhile.
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"the object directory does not work: {error.strerror}") from error
