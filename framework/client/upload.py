"""A file on its way to the server: opened anew for each try, read in pieces, counted as it goes."""

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

#: Recordings and books whose type Python's own table does not know.
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


class CountingFile:
    """A binary file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, size: int, on_read: UploadProgress | None) -> None:
        self._file = file
        self._size = size
        self._on_read = on_read

    def read(self, size: int = -1) -> bytes:
        """As of any file; then tells."""
        piece = self._file.read(size)
        if self._on_read is not None and piece:
            self._on_read(self._file.tell(), self._size)
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As of any file."""
        return self._file.tell()


@dataclass(frozen=True, slots=True)
class Upload:
    """The file part of a form."""

    name: str
    source: Path | bytes | BinaryIO
    on_progress: UploadProgress | None = None

    @classmethod
    def of(cls, source: Source, *, on_progress: UploadProgress | None = None) -> Upload:
        """Take what a caller gave. Raises BadArgument for a path that is no file and for text files."""
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
        """Guessed from the name; the server looks at the bytes anyway."""
        suffix = Path(self.name).suffix.lower()
        return _TYPES.get(suffix) or mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @contextmanager
    def opened(self) -> Iterator[CountingFile]:
        """The file at its beginning. A stream that cannot go back is copied to disk first: its length must be known."""
        if isinstance(self.source, Path):
            try:
                file = self.source.open("rb")
            except OSError as error:
                raise BadArgument(f"{self.source} cannot be read: {error.strerror}.") from error
            with file:
                yield self._counting(file)
        elif isinstance(self.source, bytes):
            yield self._counting(BytesIO(self.source))
        elif self.source.seekable():
            yield self._counting(self.source)
        else:
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(self.source, copy)
                yield self._counting(copy)

    def _counting(self, file: BinaryIO) -> CountingFile:
        size = file.seek(0, SEEK_END)
        file.seek(0)
        return CountingFile(file, size, self.on_progress)
