"""Corrects the headers of AIFF and RF64 files whose writers did not know the length of the sound.

FFmpeg reads a WAV or AU file of unknown length to its end, but refuses these two, or finds no sound in them. Knows the
headers; nothing of samples.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import BinaryIO

from .container import AIFF, WAV, Container
from .declared_sound import are_chunks, iterate_chunks

#: Lengths from here on are "unknown": the largest of 32 and of 64 bits with and without a sign, or up to 64 bytes less.
_UNKNOWN_32, _UNKNOWN_64 = (1 << 31) - 65, (1 << 63) - 65
#: FFmpeg reads lengths of AIFF with a sign. Of a longer file the rest is not read, which is warned of.
_MOST_READ = (1 << 31) - 1_024
#: Bytes of offset and block size before the samples of an AIFF file, which its length of sound includes.
_SSND_HEADER = 8


def find_corrections(file: BinaryIO, container: Container) -> Mapping[int, bytes]:
    """Bytes by the offset at which they belong; none where the lengths are known.

    The position is reset to the start.
    """
    size = file.seek(0, os.SEEK_END)
    find = _FINDERS.get(container)
    corrections = {} if find is None else find(file, size)
    file.seek(0)
    return corrections


def _correct_aiff(file: BinaryIO, size: int) -> Mapping[int, bytes]:
    """The true lengths of the file and of the sound, which lasts to the end; FFmpeg does not need the frame count."""
    corrections = {}
    if not 12 <= _read_uint32(file, 4) < _UNKNOWN_32:
        corrections[4] = _to_length(size - 8)
    for chunk in iterate_chunks(file, 12, size, ">"):
        if chunk.kind == b"COMM" and _read_uint32(file, chunk.start + 2) >= _UNKNOWN_32:
            corrections[chunk.start + 2] = bytes(4)
        if chunk.kind == b"SSND":
            if _is_unknown_in_aiff(file, chunk.start, chunk.length, size):
                corrections |= {4: _to_length(size - 8), chunk.start - 4: _to_length(size - chunk.start)}
            break
    return corrections


def _read_uint32(file: BinaryIO, at: int) -> int:
    file.seek(at)
    return int.from_bytes(file.read(4), "big")


def _to_length(length: int) -> bytes:
    return min(length, _MOST_READ).to_bytes(4, "big")


def _is_unknown_in_aiff(file: BinaryIO, start: int, length: int, size: int) -> bool:
    if length >= _UNKNOWN_32:
        return True
    is_empty = length <= _SSND_HEADER and size > start + _SSND_HEADER
    return is_empty and not are_chunks(file, start + length, size, ">")


def _correct_wav(file: BinaryIO, size: int) -> Mapping[int, bytes]:
    """An RF64 file that does not say its length is read as the RIFF file that it would be if it were short."""
    file.seek(0)
    if file.read(4) not in (b"RF64", b"BW64"):
        return {}
    for chunk in iterate_chunks(file, 12, size, "<"):
        if chunk.kind == b"ds64":
            file.seek(chunk.start + 8)
            length = int.from_bytes(file.read(8), "little")
            return {0: b"RIFF"} if length == 0 or length >= _UNKNOWN_64 else {}
        if chunk.kind == b"data":
            return {0: b"RIFF"}
    return {}


_FINDERS: Mapping[Container, Callable[[BinaryIO, int], Mapping[int, bytes]]] = {AIFF: _correct_aiff, WAV: _correct_wav}
