"""Encodes samples into an audio file, in one pass and flat memory. Knows containers, codecs, tags, chapters, covers.

The same samples and tags give the same bytes: no clock, no random serial numbers, no name of the encoder, one thread.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.stream import Disposition
from numpy.typing import NDArray

from pipelines.formats import AUDIO_FORMATS

_FRAME_SAMPLES = 1 << 14
_BITEXACT_CONTAINER, _BITEXACT_CODEC = 0x0400, 1 << 23


@dataclass(frozen=True, slots=True)
class ChapterMark:
    """A chapter: from sample `start` to sample `end` of the file."""

    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Picture:
    """The cover picture: the bytes of a JPEG or PNG file."""

    content_type: str
    data: bytes


class AudioEncoder:
    """Writes mono s16 samples to `path`, in the format `name` of pipelines.formats.

    A context manager; the file is complete only after `finish`.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        rate_hz: int,
        *,
        tags: Mapping[str, str] | None = None,
        cover: Picture | None = None,
    ) -> None:
        self._format = AUDIO_FORMATS[name]
        self._rate_hz = rate_hz
        self._written = 0
        options = dict(self._format.options)
        if self._format.container == "mp4":
            # In milliseconds, the default unit, the duration would be rounded.
            options["movie_timescale"] = str(rate_hz)
        self._container = av.open(str(path), "w", format=self._format.container, options=options)
        self._container.flags |= _BITEXACT_CONTAINER
        self._stream = self._audio_stream()
        self._container.metadata.update(tags or {})
        if self._format.container == "ogg":
            self._stream.metadata.update(tags or {})
        self._resampler = av.AudioResampler(format=self._stream.codec_context.format, layout="mono", rate=rate_hz)
        if cover is not None and self._format.has_cover:
            self._put_cover(cover)
        # Now rather than with the first samples, so that a file without samples is valid too.
        self._container.start_encoding()

    @property
    def written(self) -> int:
        """Samples taken so far."""
        return self._written

    def write(self, samples: NDArray[np.int16]) -> None:
        """Append mono samples."""
        for start in range(0, len(samples), _FRAME_SAMPLES):
            block = np.ascontiguousarray(samples[start : start + _FRAME_SAMPLES]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = self._rate_hz, self._written, Fraction(1, self._rate_hz)
            self._written += block.shape[1]
            self._encode(frame)

    def finish(self, chapters: Sequence[ChapterMark] = ()) -> None:
        """Flush and close; chapters are written in formats that support them."""
        self._encode(None)
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        if chapters and self._format.has_chapters:
            base = Fraction(1, self._rate_hz)
            self._container.set_chapters(
                [
                    {"id": i, "start": m.start, "end": m.end, "time_base": base, "metadata": {"title": m.title}}
                    for i, m in enumerate(chapters)
                ]
            )
        self._container.close()

    def __enter__(self) -> AudioEncoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, complete or not."""
        self._container.close()

    def _audio_stream(self) -> AudioStream:
        stream = self._container.add_stream(self._format.codec, rate=self._rate_hz)
        assert isinstance(stream, AudioStream)
        stream.layout = "mono"
        stream.codec_context.thread_count = 1
        stream.codec_context.flags |= _BITEXACT_CODEC
        if self._format.codec == "aac":
            # The default search takes three times as long as all else in the stitch of a book, and is not more exact.
            stream.codec_context.options = {"aac_coder": "fast"}
        if self._format.bit_rate is not None:
            # The full bit rate is of no use at low sampling rates, and some encoders refuse it.
            stream.bit_rate = min(self._format.bit_rate, 3 * self._rate_hz)
        return stream

    def _put_cover(self, cover: Picture) -> None:
        size = picture_size(cover)
        if size is None:
            return
        codec = "png" if cover.content_type == "image/png" else "mjpeg"
        picture = self._container.add_stream(codec, rate=1)
        assert isinstance(picture, av.VideoStream)
        picture.width, picture.height = size
        picture.pix_fmt = "rgb24" if codec == "png" else "yuvj420p"
        picture.disposition = Disposition.attached_pic
        self._container.start_encoding()  # writes the header, which the picture's packet must follow
        packet = av.Packet(cover.data)
        packet.stream, packet.time_base, packet.pts, packet.dts = picture, Fraction(1, 1), 0, 0
        packet.is_keyframe = True
        self._container.mux(packet)

    def _encode(self, frame: av.AudioFrame | None) -> None:
        for ready in self._resampler.resample(frame):
            for packet in self._stream.encode(ready):
                self._container.mux(packet)


def picture_size(picture: Picture) -> tuple[int, int] | None:
    """Width and height in the header of the file; None for what is not a JPEG or PNG. Nothing is decoded."""
    data = picture.data
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) > 24:
        width, height = struct.unpack_from(">II", data, 16)
        return _plausible(width, height)
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 < len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        # SOF0–SOF15, without the tables that share their numbers.
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return _plausible(width, height)
        at += 2 + struct.unpack_from(">H", data, at + 2)[0] if kind != 0xFF else 1
    return None


def _plausible(width: int, height: int) -> tuple[int, int] | None:
    return (width, height) if 0 < width <= 20_000 and 0 < height <= 20_000 else None
