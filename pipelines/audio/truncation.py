"""Whether a media file is truncated by its own structure: it declares bytes that it does not have.

Knows the outer framing of containers; nothing of codecs. PCM files are not among them: what their headers declare is
often wrong while their sound is whole (declared_sound.py).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping
from typing import BinaryIO

from .container import MATROSKA, MP3, MP4, OGG, Container, id3_end


def is_truncated(file: BinaryIO, container: Container) -> bool:
    """Whether the outer structure declares bytes that the file does not have. The position is reset to the start.

    False for flac: its header declares samples, which the decoder compares with what it decoded.
    """
    size = file.seek(0, os.SEEK_END)
    check = _TRUNCATION_CHECKS.get(container)
    truncated = check is not None and check(file, size)
    file.seek(0)
    return truncated


def _is_mp3_truncated(file: BinaryIO, size: int) -> bool:
    """A Xing or Info tag in the first frame declares the bytes of the stream."""
    file.seek(0)
    head = file.read(10)
    start = id3_end(head) if head[:3] == b"ID3" else 0
    file.seek(start)
    frame = file.read(256)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return False
    flags = struct.unpack_from(">I", frame, at + 4)[0]
    if not flags & 2:
        return False
    stream_bytes = struct.unpack_from(">I", frame, at + 8 + (4 if flags & 1 else 0))[0]
    return size - start < stream_bytes - 2048  # some writers include the frame of the tag


def _is_ogg_truncated(file: BinaryIO, size: int) -> bool:
    """The last page must be complete. A page has at most 64 KiB."""
    file.seek(max(0, size - 65_600))
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return True
    table = tail[at + 27 : at + 27 + tail[at + 26]]
    return len(table) < tail[at + 26] or at + 27 + len(table) + sum(table) > len(tail)


_MP4_BOXES = frozenset(
    b"ftyp moov moof mdat free skip wide uuid meta udta styp sidx ssix mfra pdin prft emsg junk pnot PICT".split()
)


def _is_mp4_truncated(file: BinaryIO, size: int) -> bool:
    """Boxes at the top level must end inside the file, and one of them is the index."""
    at, has_index = 0, False
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length, kind = struct.unpack(">I4s", head[:8])
        if length == 1 and len(head) == 16:
            length = struct.unpack(">Q", head[8:])[0]
        if length == 0:  # to the end of the file
            length = size - at
        if length < 8 or kind not in _MP4_BOXES:  # cameras append data of their own
            break
        has_index |= kind in (b"moov", b"moof")
        at += length
    return at > size or not has_index


def _is_matroska_truncated(file: BinaryIO, size: int) -> bool:
    """The segment behind the EBML header declares its size, except in live recordings (all ones)."""
    file.seek(4)
    header = _ebml_size(file)
    if header is None:
        return False
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != b"\x18\x53\x80\x67":
        return False
    segment = _ebml_size(file)
    return segment is not None and file.tell() + segment > size


def _ebml_size(file: BinaryIO) -> int | None:
    """The EBML variable-length integer at the position; None for the value "unknown" and for an invalid one."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    rest = file.read(length - 1)
    value = int.from_bytes(bytes([first[0] & (0xFF >> length)]) + rest, "big")
    return None if value == (1 << 7 * length) - 1 else value


_TRUNCATION_CHECKS: Mapping[Container, Callable[[BinaryIO, int], bool]] = {
    MP3: _is_mp3_truncated,
    OGG: _is_ogg_truncated,
    MP4: _is_mp4_truncated,
    MATROSKA: _is_matroska_truncated,
}
