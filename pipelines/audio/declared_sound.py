"""How many bytes of sound the header of a PCM file declares, and how many it has.

Many writers do not know the length when they write the header and leave 0, 0x7FFFF000 (SoX), 2,000,000,000 or all ones
there; others crash before they correct it. The sound is whole all the same. Knows the chunks of WAV, AIFF and AU.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, NamedTuple

from .container import AIFF, AU, WAV, Container

#: Bytes by which a header may declare too much, as some writers count their own header, or too little.
_TOLERANCE, _TOLERANCE_BELOW = 4096, 256
#: Lengths by which live recorders say that they do not know it, or up to 64 bytes less.
_UNKNOWN = (0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, (1 << 63) - 1, (1 << 64) - 1)
#: More chunks than any recording has.
_MAX_CHUNKS = 10_000


class DeclaredSound(NamedTuple):
    """Bytes of sound in a file by its header, and by the file's size."""

    declared: int
    present: int


class Chunk(NamedTuple):
    """A chunk of a RIFF or IFF file: where its content starts, and its length in bytes."""

    kind: bytes
    start: int
    length: int


def find_wrong_length(file: BinaryIO, container: Container) -> DeclaredSound | None:
    """The lengths of a PCM file where they differ; None where they agree, or where the header says "unknown".

    The position is reset to the start.
    """
    size = file.seek(0, os.SEEK_END)
    find = _FINDERS.get(container)
    found = None if find is None else find(file, size)
    file.seek(0)
    if found is None or found.declared == 0 or any(0 <= each - found.declared < 64 for each in _UNKNOWN):
        return None
    return None if -_TOLERANCE_BELOW <= found.declared - found.present <= _TOLERANCE else found


def _find_in_wav(file: BinaryIO, size: int) -> DeclaredSound | None:
    file.seek(0)
    order = ">" if file.read(4) == b"RIFX" else "<"
    long_length = None
    for chunk in iterate_chunks(file, 12, size, order):
        if chunk.kind == b"ds64":
            file.seek(chunk.start + 8)
            long_length = _unpack_uint64(file.read(8))
        if chunk.kind == b"data":
            length = long_length if chunk.length == 0xFFFF_FFFF and long_length else chunk.length
            return _compare(file, chunk.start, length, size, order)
    return None


def _find_in_aiff(file: BinaryIO, size: int) -> DeclaredSound | None:
    for chunk in iterate_chunks(file, 12, size, ">"):
        if chunk.kind == b"SSND":
            return _compare(file, chunk.start, chunk.length, size, ">")
    return None


def _find_in_au(file: BinaryIO, size: int) -> DeclaredSound | None:
    """The header of an AU file has its own length and that of the sound."""
    file.seek(4)
    head = file.read(8)
    if len(head) < 8:
        return None
    start, length = struct.unpack(">II", head)
    return DeclaredSound(length, max(0, size - start))


def _compare(file: BinaryIO, start: int, length: int, size: int, order: str) -> DeclaredSound:
    """What follows the sound is sound too where it does not consist of chunks."""
    end = start + length + (length & 1)
    if end >= size or are_chunks(file, end, size, order):
        return DeclaredSound(length, min(length, size - start))
    return DeclaredSound(length, size - start)


def are_chunks(file: BinaryIO, at: int, size: int, order: str) -> bool:
    """Whether the file of `size` bytes consists of chunks from `at` on; `order` as in `struct`."""
    behind = at
    for chunk in iterate_chunks(file, at, size, order):
        if not all(0x20 <= byte < 0x7F for byte in chunk.kind):
            return False
        behind = chunk.start + chunk.length + (chunk.length & 1)
    return behind <= size + 1 and size - behind < 8


def iterate_chunks(file: BinaryIO, at: int, size: int, order: str) -> Iterator[Chunk]:
    """The chunks of a file of `size` bytes from `at` on; the last may declare more than there is."""
    for _ in range(_MAX_CHUNKS):
        if at + 8 > size:
            return
        file.seek(at)
        kind, length = struct.unpack(f"{order}4sI", file.read(8))
        yield Chunk(kind, at + 8, length)
        at += 8 + length + (length & 1)


def _unpack_uint64(data: bytes) -> int | None:
    return struct.unpack("<Q", data)[0] if len(data) == 8 else None


_FINDERS: Mapping[Container, Callable[[BinaryIO, int], DeclaredSound | None]] = {
    WAV: _find_in_wav,
    AIFF: _find_in_aiff,
    AU: _find_in_au,
}
