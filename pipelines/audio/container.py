"""Detects the container of a media file by its first bytes, or by a run of frames behind junk.

Knows magic numbers and outer framing only; never a codec, a file name or a MIME type.

Own code rather than a library, because the result decides which demuxer may read an untrusted file: filetype 1.2 does
not know RF64, BW64, and QuickTime files that begin with `mdat` or `wide`; puremagic 1.30 returns ranked guesses of
file name extensions, several of them for most recordings. Neither recognises playlists or streams cut in mid-frame.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from pipelines.errors import UnreadableInput

from .frame_runs import FrameKind, find_frame_run

SUPPORTED = (
    "wav, w64, flac, mp3, ogg or opus, mp4, m4a or mov, webm or mkv, aac, ac3, amr, aiff, caf, au, wma, avi, flv, "
    "ts or mpg"
)
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"v=0", b"<?xml", b"<MPD", b"<CompositionPlaylist", b"[playlist]", b"file ")
#: The bytes in which a run of frames is looked for; what begins later is not taken for a recording.
_SEARCHED_BYTES = 1 << 20
_ID3 = re.compile(rb"ID3[\x02-\x04]\x00[\x00-\xff][\x00-\x7f]{4}")


@dataclass(frozen=True, slots=True)
class Container:
    """A container format: its usual name, and the only FFmpeg demuxer that may read it."""

    name: str
    demuxer: str
    #: A gap in the timestamps of its frames longer than this, in seconds, is missing audio; None where frames have no
    #: timestamps, or only counted ones. They are exact in flac, and jitter in live recordings.
    max_jitter_s: float | None = None


class LocatedContainer(NamedTuple):
    """A container, and the byte at which it begins: behind a tag, or behind junk."""

    container: Container
    start: int


WAV = Container("wav", "wav")
W64 = Container("w64", "w64")
AIFF = Container("aiff", "aiff")
AU = Container("au", "au")
CAF = Container("caf", "caf")
FLAC = Container("flac", "flac", max_jitter_s=0.02)
MP3 = Container("mp3", "mp3")
OGG = Container("ogg", "ogg", max_jitter_s=0.2)
MP4 = Container("mp4", "mov", max_jitter_s=0.2)
MATROSKA = Container("matroska", "matroska", max_jitter_s=0.2)
AAC = Container("aac", "aac")
AC3 = Container("ac3", "ac3")
EAC3 = Container("eac3", "eac3")
AMR = Container("amr", "amr")
ASF = Container("asf", "asf", max_jitter_s=0.2)
AVI = Container("avi", "avi")
FLV = Container("flv", "flv", max_jitter_s=0.2)
MPEG_TS = Container("mpegts", "mpegts", max_jitter_s=0.2)
MPEG_PS = Container("mpeg", "mpeg", max_jitter_s=0.2)

_MAGIC = (
    (b"fLaC", FLAC),
    (b"OggS", OGG),
    (b"\x1aE\xdf\xa3", MATROSKA),
    (b"#!AMR", AMR),
    (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", W64),
    (b".snd", AU),
    (b"caff\x00\x01", CAF),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", ASF),
    (b"FLV\x01", FLV),
    (b"\x00\x00\x01\xba", MPEG_PS),
)
_FRAMED: Mapping[FrameKind, Container] = {
    "mpeg audio": MP3,
    "adts": AAC,
    "ac3": AC3,
    "eac3": EAC3,
    "mpegts": MPEG_TS,
}


def detect_container(file: BinaryIO, name: str = "The upload") -> LocatedContainer:
    """The container of an open file, whose position is reset to its start. `name` is for messages.

    Raises `UnreadableInput` for anything but the formats above; playlists are not among them.
    """
    start = _behind_tag(file, 0)
    file.seek(start)
    head = file.read(64)
    found = _by_magic(head)
    is_playlist = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_PLAYLISTS)
    located = LocatedContainer(found, start) if found else None if is_playlist else _by_frames(file, start)
    file.seek(0)
    if located is not None:
        return located
    if not head:
        raise UnreadableInput(f"{name} is empty.", field="file")
    if is_playlist:
        raise UnreadableInput(
            f"{name} is a playlist, not a recording. Send the recording itself: {SUPPORTED}.", field="file"
        )
    raise UnreadableInput(f"{name} is not a recording that can be opened here. Send {SUPPORTED}.", field="file")


def _by_magic(head: bytes) -> Container | None:
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX") and head[8:12] == b"WAVE":
        return WAV
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return AVI
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free") and head[0] < 0x20:
        return MP4
    return next((container for magic, container in _MAGIC if head.startswith(magic)), None)


def _by_frames(file: BinaryIO, start: int) -> LocatedContainer | None:
    """The first stream of frames, within `_SEARCHED_BYTES` of `start` or of a tag in the junk before it.

    The pictures of a tag may look like frames and be longer than what is searched, so that they are skipped. Tags
    behind the first frames are those of further recordings in the same file.
    """
    file.seek(start)
    data = file.read(_SEARCHED_BYTES)
    run = find_frame_run(_without_end_tag(data), is_whole=_is_at_end(file))
    for tag in _ID3.finditer(data, 0, len(data) if run is None else run.start):
        behind = start + tag.start() + id3_end(tag[0])
        file.seek(behind)
        found = find_frame_run(file.read(_SEARCHED_BYTES), is_whole=_is_at_end(file))
        if found is not None:
            return LocatedContainer(_FRAMED[found.kind], behind + found.start)
    return None if run is None else LocatedContainer(_FRAMED[run.kind], start + run.start)


def _is_at_end(file: BinaryIO) -> bool:
    return not file.read(1)


def _without_end_tag(data: bytes) -> bytes:
    """A file without its ID3v1 tag: 128 bytes at the end."""
    return data[:-128] if data[-128:-125] == b"TAG" else data


def _behind_tag(file: BinaryIO, at: int) -> int:
    """The offset behind the ID3v2 tag at `at`; `at` where there is none, or one longer than the file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(at)
    head = file.read(10)
    behind = at + id3_end(head) if head[:3] == b"ID3" else at
    return behind if behind <= size else at


def id3_end(head: bytes) -> int:
    """The offset behind an ID3v2 tag, whose size has seven bits in each byte."""
    if len(head) < 10:
        return len(head)
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)
