"""Opens untrusted media files with FFmpeg: which demuxer and decoders it may use, and what the streams and packets say.

FFmpeg gets an open file, one demuxer, audio decoders only and no protocol, so that a file can never make it read
another one. Knows streams and packets; nothing of samples.
"""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import av
from av.stream import Discard, Disposition

from pipelines.errors import BadInput, InputTooLarge, UnreadableInput

from .container import Container
from .tracks import AudioTrack

MAX_STREAMS = 16
DECODERS = frozenset(
    """pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be pcm_f64le pcm_f64be
    pcm_alaw pcm_mulaw adpcm_ms adpcm_ima_wav adpcm_ima_qt gsm_ms g722 g726 g726le flac alac mp1 mp1float mp2 mp2float
    mp3 mp3float aac aac_latm ac3 eac3 vorbis opus libopus amrnb amrwb wmav1 wmav2
    """.split()  # noqa: SIM905 – a table to read
)
#: The beginning of a file in which its first timestamp is looked for: packets, and seconds behind the first one.
_ORIGIN_PACKETS, _ORIGIN_S = 2_000, 10.0
#: IndexError: PyAV's for a stream that a damaged transport stream takes away.
_DEMUX_ERRORS = (av.error.FFmpegError, MemoryError, IndexError)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """An open file in a known container; `name` is for messages. Each method reads it from its start."""

    file: BinaryIO
    container: Container
    name: str

    @contextmanager
    def open(self) -> Iterator[av.container.InputContainer]:
        """The file as FFmpeg's input. Raises `UnreadableInput`."""
        container, name = self.container, self.name
        self.file.seek(0)
        options = {
            "format_whitelist": container.demuxer,
            "protocol_whitelist": "none",
            # Also prevents that a cover picture is ever decoded.
            "codec_whitelist": ",".join(sorted(DECODERS)),
            "max_streams": str(MAX_STREAMS + 1),
        }
        try:
            source = av.open(_SeekableInput(self.file), "r", format=container.demuxer, options=options)
        except (av.error.FFmpegError, ValueError, MemoryError) as error:
            raise UnreadableInput(
                f"{name} begins like {container.name} but cannot be read as such.", field="file"
            ) from error
        with source:
            yield source

    def find_tracks(self) -> Sequence[AudioTrack]:
        """The audio tracks, at least one. Raises `BadInput` where there is none, or too many streams."""
        with self.open() as source:
            if len(source.streams) > MAX_STREAMS:
                raise BadInput(f"{self.name} has more than {MAX_STREAMS} streams.", field="file")
            if not source.streams.audio:
                raise BadInput(f"{self.name} has no sound.", field="file")
            return [
                AudioTrack(
                    number,
                    _language(stream),
                    is_default=bool(stream.disposition & Disposition.default),
                    is_readable=stream.codec_context is not None and stream.codec_context.name in DECODERS,
                )
                for number, stream in enumerate(source.streams.audio, 1)
            ]

    def find_origin_s(self) -> float:
        """The earliest time of any picture or sound, where players begin to count; 0 where timestamps are not used.

        From packets: FFmpeg computes the start of a file from streams that it may decode, and pictures are not among
        them.
        """
        if self.container.max_jitter_s is None:
            return 0.0
        with self.open() as source:
            played = [stream for stream in (*source.streams.video, *source.streams.audio) if _is_played(stream)]
            if len(played) < 2:
                return (source.start_time or 0) / av.time_base
            first_s = math.inf
            try:
                for count, packet in enumerate(source.demux(played)):
                    time_s = _packet_time_s(packet)
                    if count > _ORIGIN_PACKETS or (time_s is not None and time_s - first_s > _ORIGIN_S):
                        break
                    first_s = min(first_s, math.inf if time_s is None else time_s)
            except _DEMUX_ERRORS as error:
                raise UnreadableInput(f"{self.name} cannot be read to its end.", field="file") from error
        return 0.0 if math.isinf(first_s) else first_s

    def check_packets(self, track: int, max_seconds: float) -> None:
        """Refuse a recording that is too long before decoding it: 100 h of silence fit into 45 MB.

        Packets may declare too little, so whoever decodes counts again.
        """
        with self.open() as source:
            stream = source.streams.audio[track - 1]
            discard_others(source, stream)
            total = 0
            for packet in packets_of(source, stream, self.name):
                total += max(0, packet.duration or 0)
                if total * (packet.time_base or 0) > max_seconds + 1:
                    raise too_long_error(self.name, max_seconds)


def discard_others(source: av.container.InputContainer, stream: av.AudioStream) -> None:
    """Skip the other streams already when reading, where the container allows it."""
    for other in source.streams:
        if other is not stream:
            other.discard = Discard.all


def packets_of(
    source: av.container.InputContainer, stream: av.AudioStream, name: str
) -> Iterator[av.Packet[av.AudioStream]]:
    """The packets of a stream. Raises `UnreadableInput`."""
    try:
        yield from source.demux(stream)
    except _DEMUX_ERRORS as error:
        raise UnreadableInput(f"{name} cannot be read to its end.", field="file") from error


def too_long_error(name: str, max_seconds: float) -> InputTooLarge:
    """The error for a recording of more than `max_seconds`."""
    limit = f"{max_seconds / 3600:g} hours" if max_seconds >= 3600 else f"{max_seconds:g} seconds"
    return InputTooLarge(
        f"{name} is longer than {limit}, the most that this server takes. Cut it into parts.", field="file"
    )


class _SeekableInput:
    """A file as FFmpeg reads it: a seek to nowhere, as damaged headers ask for, is an error code, not an exception."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.tell = file.tell
        self._file = file

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """The new position, or −EINVAL."""
        try:
            return self._file.seek(offset, whence)
        except (ValueError, OverflowError):
            return -errno.EINVAL
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return -errno.EINVAL


def _language(stream: av.AudioStream) -> str | None:
    tag = stream.metadata.get("language", "")
    return None if tag in ("", "und") else tag[:35]


def _is_played(stream: av.stream.Stream) -> bool:
    return not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)


def _packet_time_s(packet: av.Packet[av.stream.Stream]) -> float | None:
    time = packet.dts if packet.pts is None else packet.pts
    return None if time is None or packet.time_base is None else float(time * packet.time_base)
