"""Files that are uploaded: opened again for each attempt, read in blocks, with their progress reported."""

from __future__ import annotations

import mimetypes
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO

from .errors import BadArgument

#: Called with bytes sent so far and bytes in all.
UploadProgress = Callable[[int, int], None]
#: What can be sent: a path, bytes, a binary file object, or a pair of a name and one of these.
Source = str | Path | bytes | BinaryIO | tuple[str, Path | bytes | BinaryIO]

#: Types of recordings and books that `mimetypes` does not know.
_TYPES = {
    ".epub": "application/epub+zip",
    ".md": "text/markdown",
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".mka": "audio/x-matroska",
    ".wav": "audio/wav",
}


class ProgressFile:
    """A binary file that reports how much of it was read."""

    def __init__(self, file: BinaryIO, size: int, on_read: UploadProgress | None) -> None:
        self._file = file
        self._size = size
        self._on_read = on_read

    def read(self, size: int = -1) -> bytes:
        """As of any file; reports the new position."""
        block = self._file.read(size)
        if self._on_read is not None and block:
            self._on_read(self._file.tell(), self._size)
        return block

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As of any file."""
        return self._file.tell()


@dataclass(frozen=True, slots=True)
class FormFile:
    """The file of a multipart form."""

    name: str
    source: Path | bytes | BinaryIO
    on_progress: UploadProgress | None = None

    @classmethod
    def from_source(cls, source: Source, *, on_progress: UploadProgress | None = None) -> FormFile:
        """From a caller's argument. Raises BadArgument for a path that is no file and for files in text mode."""
        name = None
        if isinstance(source, tuple):
            name, source = source
        if isinstance(source, bytes):
            return cls(name or "upload", source, on_progress)
        if isinstance(source, str | Path):
            path = Path(source)
            if not path.is_file():
                raise BadArgument(f"{path} is not a file that can be read.")
            return cls(name or path.name, path, on_progress)
        if not hasattr(source, "read") or isinstance(source.read(0), str):
            raise BadArgument("file: give a path, bytes, or a file opened in binary mode.")
        return cls(name or Path(str(getattr(source, "name", "upload"))).name, source, on_progress)

    @property
    def content_type(self) -> str:
        """Guessed from the name; the server detects the type by the content anyway."""
        suffix = Path(self.name).suffix.lower()
        return _TYPES.get(suffix) or mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @contextmanager
    def open(self) -> Iterator[ProgressFile]:
        """The file at its start. A stream that cannot seek is copied to disk first: its length must be known."""
        if isinstance(self.source, Path):
            try:
                file = self.source.open("rb")
            except OSError as error:
                raise BadArgument(f"{self.source} cannot be read: {error.strerror}.") from error
            with file:
                yield self._with_progress(file)
        elif isinstance(self.source, bytes):
            yield self._with_progress(BytesIO(self.source))
        elif self.source.seekable():
            yield self._with_progress(self.source)
        else:
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(self.source, copy)
                yield self._with_progress(copy)

    def _with_progress(self, file: BinaryIO) -> ProgressFile:
        size = file.seek(0, SEEK_END)
        file.seek(0)
        return ProgressFile(file, size, self.on_progress)
