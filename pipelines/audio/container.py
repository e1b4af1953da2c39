"""Detects the container of a media file by its first bytes, and whether the file is truncated by its own structure.

Knows magic numbers and outer framing only; never a codec, a file name or a MIME type.

Own code rather than a library, because the result decides which demuxer may read an untrusted file: filetype 1.2 does
not know RF64, BW64, and QuickTime files that begin with `mdat` or `wide`; puremagic 1.30 returns ranked guesses of
file name extensions, several of them for most recordings. Neither recognises playlists or truncated files.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from pipelines.errors import UnreadableInput

SUPPORTED = "wav, flac, mp3, ogg or opus, mp4, m4a or mov, webm or mka, aac, amr"
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"v=0", b"<?xml", b"<MPD", b"<CompositionPlaylist", b"[playlist]", b"file ")


@dataclass(frozen=True, slots=True)
class Container:
    """A container format: its usual name, and the only FFmpeg demuxer that may read it."""

    name: str
    demuxer: str
    #: A gap in the timestamps of its frames longer than this, in seconds, is missing audio; None where frames have no
    #: timestamps. They are exact in flac, and jitter in live recordings.
    max_jitter_s: float | None = None


WAV = Container("wav", "wav")
FLAC = Container("flac", "flac", max_jitter_s=0.02)
MP3 = Container("mp3", "mp3")
OGG = Container("ogg", "ogg", max_jitter_s=0.2)
MP4 = Container("mp4", "mov", max_jitter_s=0.2)
MATROSKA = Container("matroska", "matroska", max_jitter_s=0.2)
AAC = Container("aac", "aac")
AMR = Container("amr", "amr")


def detect_container(file: BinaryIO, name: str = "The upload") -> Container:
    """The container of an open file, whose position is reset to its start. `name` is for messages.

    Raises `UnreadableInput` for anything but the formats above; playlists are not among them.
    """
    file.seek(0)
    head = file.read(64)
    if head[:3] == b"ID3":
        file.seek(_id3_end(head))
        head = file.read(64)
        found: Container | None = _by_magic(head) or MP3
    else:
        found = _by_magic(head)
    file.seek(0)
    if found is not None:
        return found
    if not head:
        raise UnreadableInput(f"{name} is empty.", field="file")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_PLAYLISTS):
        raise UnreadableInput(
            f"{name} is a playlist, not a recording. Send the recording itself: {SUPPORTED}.", field="file"
        )
    raise UnreadableInput(f"{name} is not a recording that can be opened here. Send {SUPPORTED}.", field="file")


def is_truncated(file: BinaryIO, container: Container) -> bool:
    """Whether the outer structure declares bytes that the file does not have. The position is reset to the start.

    False for flac: its header declares samples, which the decoder compares with what it decoded.
    """
    size = file.seek(0, os.SEEK_END)
    check = _TRUNCATION_CHECKS.get(container)
    truncated = check is not None and check(file, size)
    file.seek(0)
    return truncated


def _by_magic(head: bytes) -> Container | None:
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX") and head[8:12] == b"WAVE":
        return WAV
    for magic, container in ((b"fLaC", FLAC), (b"OggS", OGG), (b"\x1aE\xdf\xa3", MATROSKA), (b"#!AMR", AMR)):
        if head.startswith(magic):
            return container
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free") and head[0] < 0x20:
        return MP4
    if len(head) >= 4 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return AAC
    # Frame sync, then a layer, a bit rate and a sampling rate that are not reserved values.
    if len(head) >= 4 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        is_valid = head[1] & 0x18 != 0x08 and head[1] & 0x06 and head[2] & 0xF0 != 0xF0 and head[2] & 0x0C != 0x0C
        return MP3 if is_valid else None
    return None


def _id3_end(head: bytes) -> int:
    """The offset behind an ID3v2 tag, whose size has seven bits in each byte."""
    if len(head) < 10:
        return len(head)
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)


#: Lengths that live recorders write when they do not know the length.
_UNKNOWN_WAV_LENGTHS = (0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def _is_wav_truncated(file: BinaryIO, size: int) -> bool:
    """The data chunk declares its bytes; a file of more than 4 GiB declares them in a `ds64` chunk before it."""
    file.seek(0)
    order = ">" if file.read(4) == b"RIFX" else "<"
    at, long_length = 12, None
    while at + 8 <= size:
        file.seek(at)
        head = file.read(24)
        kind, length = struct.unpack(f"{order}4sI", head[:8])
        if kind == b"ds64" and len(head) == 24:
            long_length = struct.unpack("<Q", head[16:24])[0]
        if kind == b"data":
            if length == 0xFFFF_FFFF and long_length:
                length = long_length
            if length == 0 or any(0 <= unknown - length < 64 for unknown in _UNKNOWN_WAV_LENGTHS):
                return False
            return size - at - 8 < length - 4096  # some writers count their own header
        at += 8 + length + (length & 1)
    return True


def _is_mp3_truncated(file: BinaryIO, size: int) -> bool:
    """A Xing or Info tag in the first frame declares the bytes of the stream."""
    file.seek(0)
    head = file.read(10)
    start = _id3_end(head) if head[:3] == b"ID3" else 0
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
    WAV: _is_wav_truncated,
    MP3: _is_mp3_truncated,
    OGG: _is_ogg_truncated,
    MP4: _is_mp4_truncated,
    MATROSKA: _is_matroska_truncated,
}
