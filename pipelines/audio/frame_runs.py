"""Finds streams without a file header by a run of consistent frames: MPEG audio, ADTS, AC-3, MPEG transport streams.

A recording cut out of a broadcast begins in the middle of a frame, and writers leave padding or a tag before the first
one. One sync word proves nothing: frames are believed only where one follows the other. Knows frame headers; nothing of
decoders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

FrameKind = Literal["mpeg audio", "adts", "ac3", "eac3", "mpegts"]

#: Frames in a row that are believed behind junk, and where the stream begins with them.
_RUN_BEHIND_JUNK, _RUN_AT_START = 4, 2
#: A run of packets of a transport stream, whose sync word is a single byte.
_RUN_OF_PACKETS = 8
_PACKET_BYTES = (188, 192, 204)
_SYNC = re.compile(rb"\xff[\xe0-\xff]|\x0b\x77|\x47", re.DOTALL)
#: kbit/s by (MPEG 1, layer), for the indexes 1 to 14.
_BIT_RATES = {
    (True, 1): tuple(range(32, 449, 32)),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
#: Sampling rates of MPEG 1; MPEG 2 has half of them, MPEG 2.5 a quarter.
_MPEG_RATES_HZ = (44_100, 48_000, 32_000)
#: Frame length of AC-3 in 16-bit words at 48 kHz, by half of `frmsizecod` (ATSC A/52, table 5.18).
_AC3_WORDS = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1152, 1280)
_AC3_RATES_HZ = (48_000, 44_100, 32_000)


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame header: the bytes of the whole frame, and what is the same in every frame of a stream."""

    kind: FrameKind
    length: int
    constants: int


@dataclass(frozen=True, slots=True)
class FrameRun:
    """Consecutive frames of one stream, from the byte `start` on."""

    kind: FrameKind
    start: int


def find_frame_run(data: bytes, *, is_whole: bool) -> FrameRun | None:
    """The first run in `data`; `is_whole`: the file ends with it, so that a run may end there too.

    None where no four frames (eight packets) follow each other, or two at the very start.
    """
    for found in _SYNC.finditer(data):
        for frame in _frames_at(data, found.start()):
            if _is_run(data, found.start(), frame, is_whole):
                return FrameRun(frame.kind, found.start())
    return None


def _is_run(data: bytes, start: int, frame: _Frame, is_whole: bool) -> bool:
    wanted = _RUN_AT_START if start == 0 else _RUN_BEHIND_JUNK
    if frame.kind == "mpegts":
        wanted = _RUN_OF_PACKETS
    at = start
    for count in range(wanted):
        if at >= len(data):  # one frame that fills the file is a stream, and two are one behind junk
            return is_whole and at == len(data) and (start == 0 or count > 1)
        following = next((each for each in _frames_at(data, at) if _is_same_stream(each, frame)), None)
        if following is None:
            return False
        at += following.length
    return True


def _is_same_stream(one: _Frame, other: _Frame) -> bool:
    same_packets = one.kind != "mpegts" or one.length == other.length
    return (one.kind, one.constants) == (other.kind, other.constants) and same_packets


def _frames_at(data: bytes, at: int) -> Iterator[_Frame]:
    """The frames whose header may be at `at`: one, but for the packet sizes of transport streams."""
    head = data[at : at + 8]
    if len(head) < 8:
        return
    if head[0] == 0x47:
        yield from (_Frame("mpegts", length, 0) for length in _PACKET_BYTES)
    elif head[0] == 0x0B and head[1] == 0x77:
        yield from _ac3_frames(head)
    elif head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        yield from _adts_frames(head)
    elif head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        yield from _mpeg_audio_frames(head)


def _mpeg_audio_frames(head: bytes) -> Iterator[_Frame]:
    """ISO 11172-3, 2.4.1.3, and the lower rates of ISO 13818-3. Free format (no bit rate) is not known."""
    version, layer_bits = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate_index, bit_rate_index = head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or not layer_bits or rate_index == 3 or bit_rate_index in (0, 15):
        return
    is_mpeg1, layer, padding = version == 3, 4 - layer_bits, head[2] >> 1 & 1
    rate_hz = _MPEG_RATES_HZ[rate_index] // {3: 1, 2: 2, 0: 4}[version]
    bits_per_s = 1_000 * _BIT_RATES[is_mpeg1, layer][bit_rate_index - 1]
    if layer == 1:
        length = (12 * bits_per_s // rate_hz + padding) * 4
    else:
        length = (72 if layer == 3 and not is_mpeg1 else 144) * bits_per_s // rate_hz + padding
    yield _Frame("mpeg audio", length, version << 4 | layer << 2 | rate_index)


def _adts_frames(head: bytes) -> Iterator[_Frame]:
    """ISO 14496-3, 1.A.2.2: the header has the frame's length."""
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    rate_index = head[2] >> 2 & 15
    if length > 7 and rate_index < 13:
        yield _Frame("adts", length, (head[1] & 8) << 8 | head[2] & 0xFC)


def _ac3_frames(head: bytes) -> Iterator[_Frame]:
    """ATSC A/52, 5.3 and E.1.2."""
    bsid = head[5] >> 3
    if bsid > 10:
        length = (((head[2] & 7) << 8 | head[3]) + 1) * 2
        if bsid <= 16 and length > 8:
            yield _Frame("eac3", length, 0)
        return
    rate_index, size_code = head[4] >> 6, head[4] & 0x3F
    if rate_index == 3 or size_code >= 2 * len(_AC3_WORDS):
        return
    words = _AC3_WORDS[size_code // 2] * 48_000 // _AC3_RATES_HZ[rate_index]
    if rate_index == 1:
        words += size_code & 1
    yield _Frame("ac3", 2 * words, rate_index)
