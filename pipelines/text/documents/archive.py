"""Untrusted zip files, as EPUB and DOCX are: entries are read with limits, and never written under their names.

Unpacked bytes are counted while they inflate, so that false sizes in the directory make no difference.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote

from pipelines.errors import BadInput, InputTooLarge, UnreadableInput
from pipelines.pipeline import Limits

from .encoding import describe_other_format

MAX_ENTRIES = 10_000
#: Bytes of the archive's central directory; ten thousand entries need about one million.
_MAX_DIRECTORY_BYTES = 8 << 20
#: An archive may unpack to this many bytes whatever its ratio.
_RATIO_FREE_BYTES = 16 << 20
_BLOCK_BYTES = 1 << 16
#: The flag of entries whose names are in UTF-8.
_IS_UTF8 = 0x800
_UNSAFE_NAME = re.compile(r"^/|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|\x00")


class Archive:
    """A zip file, opened for reading.

    Raises `UnreadableInput` for another type of file, and `BadInput` or `InputTooLarge` naming the limit it exceeds.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._packed_bytes = path.stat().st_size
        self._unpacked_bytes = 0
        _check_directory(path, self._packed_bytes)
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise _damaged(error) from error
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise _too_many_entries()
        for entry in entries:
            if _UNSAFE_NAME.search(entry.filename):
                raise BadInput(
                    f"The archive holds the unsafe name {entry.filename[:80]!r}; names must stay inside the archive. "
                    "Save the document again with its own program.",
                    field="file",
                )
        #: How far each entry was unpacked.
        self._ends: dict[str, int] = {}
        self._entries = {entry.filename.replace("\\", "/"): entry for entry in entries}
        self._names: dict[str, str] = {}
        for name in self._entries:
            self._names.setdefault(_fold(name), name)
        for name, entry in self._entries.items():
            if not entry.flag_bits & _IS_UTF8:
                self._names.setdefault(_fold(_read_as_utf8(name)), name)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; idempotent."""
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name in self._entries or _fold(name) in self._names

    def find_name(self, name: str) -> str:
        """The name, in NFC, that the archive gives to an entry which a reference calls `name`; itself if it has none.

        macOS decomposes letters in names, Windows ignores their case, and some programs leave escapes in names.
        """
        found = name if name in self._entries else self._names.get(_fold(name), name)
        return unicodedata.normalize("NFC", found)

    def names(self) -> list[str]:
        """Names of all entries, in the archive's order."""
        return list(self._entries)

    def blocks(self, name: str) -> Iterator[bytes]:
        """The bytes of an entry as they inflate.

        Raises KeyError for an unknown name, `UnreadableInput` for an entry that cannot be unpacked, `InputTooLarge`
        where the archive as a whole unpacks to more than the limits allow.
        """
        entry = self._entries.get(name) or self._entries[self._names[_fold(name)]]
        if entry.flag_bits & 0x1:
            raise UnreadableInput("The document is protected by a password; send it without.", field="file")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableInput("The archive is packed by an unusual method; pack it with deflate.", field="file")
        try:
            with self._zip.open(entry) as file:
                end = 0
                while block := file.read(_BLOCK_BYTES):
                    end += len(block)
                    self._count(entry.filename, end)
                    yield block
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error, NotImplementedError) as error:
            raise _damaged(error) from error

    def read(self, name: str, maximum_bytes: int) -> bytes:
        """A whole entry. Raises as `blocks` does, and `InputTooLarge` past `maximum_bytes`."""
        data = bytearray()
        for block in self.blocks(name):
            data += block
            if len(data) > maximum_bytes:
                raise InputTooLarge(
                    f"{name[:80]!r} in the archive unpacks to more than {maximum_bytes:,} bytes, its limit.",
                    field="file",
                )
        return bytes(data)

    def _count(self, name: str, end: int) -> None:
        """Count an entry that is unpacked up to here; one that is read twice counts once."""
        self._unpacked_bytes += max(0, end - self._ends.get(name, 0))
        self._ends[name] = max(end, self._ends.get(name, 0))
        if self._unpacked_bytes > self._limits.unpacked_bytes:
            raise InputTooLarge(
                f"The archive unpacks to more than {self._limits.unpacked_bytes:,} bytes, the most that this server "
                "reads; divide the document.",
                field="file",
            )
        allowed = max(_RATIO_FREE_BYTES, self._limits.unpack_ratio * self._packed_bytes)
        if self._unpacked_bytes > allowed:
            raise InputTooLarge(
                f"The archive unpacks to more than {self._limits.unpack_ratio} times its size, which no document does.",
                field="file",
            )


def _read_as_utf8(name: str) -> str:
    """The name of an entry that does not say it is in UTF-8, and that zipfile took for code page 437; itself if not."""
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _fold(name: str) -> str:
    """What names have in common that differ in case, normal form, escapes or slashes only."""
    return unicodedata.normalize("NFC", unquote(name).replace("\\", "/").casefold())


def _check_directory(path: Path, size: int) -> None:
    """Check the end record before zipfile reads a directory of any size into memory."""
    with path.open("rb") as file:
        file.seek(max(0, size - 65_557))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        with path.open("rb") as file:
            first = file.read(8)
        what = None if first.startswith(b"PK") else describe_other_format(first)
        raise UnreadableInput(
            f"This is not an EPUB or DOCX file but {what}."
            if what
            else "This is not an EPUB or DOCX file: it is no zip archive, or cut off.",
            field="file",
        )
    entries, directory_bytes = struct.unpack_from("<HI", tail, at + 10)
    if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07") or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise _too_many_entries()
    if entries > MAX_ENTRIES:
        raise _too_many_entries()


def _too_many_entries() -> InputTooLarge:
    return InputTooLarge(
        f"The archive holds more than {MAX_ENTRIES:,} files, the most that is read here; divide the document.",
        field="file",
    )


def _damaged(error: Exception) -> UnreadableInput:
    return UnreadableInput(f"The archive is damaged: {str(error)[:200] or type(error).__name__}.", field="file")
