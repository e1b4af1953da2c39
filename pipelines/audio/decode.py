"""Decodes untrusted recordings: the only module that hands audio or video files of users to a decoder.

FFmpeg gets an open file, one demuxer, audio decoders only and no protocol, so that a file can never make it read
another one. Knows containers, streams and limits; nothing of speech, and never a file name or a MIME type. Time is
counted in decoded samples, because timestamps are unreliable in several formats.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.stream import Discard
from numpy.typing import NDArray

from pipelines.errors import BadInput, InputTooLarge, UnreadableInput

from .container import FLAC, WAV, Container, detect_container, is_truncated

MAX_STREAMS = 16
MAX_CHANNELS = 8
MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 192_000
#: A longer gap in the timestamps is an error in them and is not filled with silence; seconds.
_MAX_GAP_S = 3600.0
_BLOCK_S = 0.5
_DECODERS = frozenset(
    """pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be pcm_f64le pcm_f64be
    pcm_alaw pcm_mulaw adpcm_ms adpcm_ima_wav adpcm_ima_qt gsm_ms flac alac mp1 mp1float mp2 mp2float mp3 mp3float
    aac ac3 eac3 vorbis opus libopus amrnb amrwb""".split()  # noqa: SIM905 – a table to read
)
_SCALE = {"u8": 1 / 128, "s16": 1 / 32_768, "s32": 1 / 2_147_483_648, "flt": 1.0, "dbl": 1.0}


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """Consecutive samples: float32 of shape (channels, n), full scale ±1, all finite."""

    samples: NDArray[np.float32]
    sample_rate_hz: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples.shape[1] / self.sample_rate_hz


@dataclass(slots=True)
class RecordingReader:
    """An open recording. `blocks()` can be read once, from its start."""

    name: str
    container: Container
    codec: str
    sample_rate_hz: int
    channels: int
    #: The length that the file declares, in seconds, for progress only; None where it declares none.
    declared_s: float | None
    max_seconds: float
    _input: av.container.InputContainer = field(repr=False)
    #: Samples decoded at the current rate, and seconds decoded at the rates before.
    _count: int = 0
    _before_s: float = 0.0
    _damaged_packets: int = 0
    _packets: int = 0

    def blocks(self) -> Iterator[AudioBlock]:
        """Decoded audio, about half a second at a time; rate and channels may change between blocks.

        Raises `InputTooLarge` once more than `max_seconds` were decoded, `UnreadableInput` for a damaged or cut file.
        """
        waiting: list[NDArray[np.float32]] = []
        rate = self.sample_rate_hz
        for samples, frame_rate in self._frames():
            changed = waiting and (frame_rate != rate or samples.shape[0] != waiting[0].shape[0])
            if changed or sum(each.shape[1] for each in waiting) >= _BLOCK_S * rate:
                yield AudioBlock(np.concatenate(waiting, axis=1), rate)
                waiting.clear()
            if frame_rate != rate:
                self._before_s, self._count, rate = self._decoded_s(rate), 0, frame_rate
            self._count += samples.shape[1]
            if self._decoded_s(rate) > self.max_seconds:
                raise _too_long_error(self.name, self.max_seconds)
            waiting.append(samples)
        if waiting:
            yield AudioBlock(np.concatenate(waiting, axis=1), rate)
        self._check_end(self._decoded_s(rate))

    def _decoded_s(self, rate_hz: int) -> float:
        return self._before_s + self._count / rate_hz

    def _frames(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        """(samples, rate) of each frame, with silence for damaged packets and for gaps in the recording."""
        stream = self._input.streams.audio[0]
        last: tuple[int, int, int] | None = None  # channels, samples, rate of the frame before
        for packet in _packets(self._input, stream, self.name):
            self._packets += 1
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                self._count_damage()
                if last is not None:
                    yield np.zeros(last[:2], np.float32), last[2]
                continue
            except (av.error.FFmpegError, ValueError, MemoryError) as error:
                raise UnreadableInput(f"{self.name} cannot be decoded ({self.codec}).", field="file") from error
            for frame in frames:
                assert isinstance(frame, AudioFrame)
                samples, rate = _to_float(frame, self.name), frame.sample_rate
                gap_s = self._gap_before(frame, rate)
                if gap_s:
                    yield np.zeros((samples.shape[0], round(gap_s * rate)), np.float32), rate
                last = (*samples.shape, rate)
                yield samples, rate

    def _gap_before(self, frame: AudioFrame, rate_hz: int) -> float:
        """Seconds missing before a frame: browsers omit silence, videos start their audio late, packets get lost."""
        if self.container.max_jitter_s is None or frame.time is None:
            return 0.0
        start_s = (self._input.start_time or 0) / av.time_base
        gap_s = frame.time - start_s - self._decoded_s(rate_hz)
        return gap_s if self.container.max_jitter_s < gap_s < _MAX_GAP_S else 0.0

    def _count_damage(self) -> None:
        self._damaged_packets += 1
        if self._damaged_packets >= 50:
            self._check_damage()

    def _check_damage(self) -> None:
        if self._damaged_packets > self._packets * 0.2:
            raise UnreadableInput(
                f"{self.name} is damaged: {self._damaged_packets} of {self._packets} packets do not decode.",
                field="file",
            )

    def _check_end(self, decoded_s: float) -> None:
        self._check_damage()
        if decoded_s == 0.0:
            raise UnreadableInput(f"{self.name} holds no sound that decodes.", field="file")
        counted_s = self.declared_s if self.container is FLAC else None
        if counted_s is not None and decoded_s < counted_s - 0.2:
            raise UnreadableInput(
                f"{self.name} was cut short: its header says {counted_s:.1f} s, "
                f"it holds {decoded_s:.1f} s. Send the whole file.",
                field="file",
            )


@contextmanager
def open_recording(path: Path, *, max_seconds: float, name: str = "The recording") -> Iterator[RecordingReader]:
    """Open the recording at `path`, of at most `max_seconds`; `name` is for messages.

    Raises `UnreadableInput` for a file that is damaged or not a recording, `InputTooLarge` where its packets are too
    long, `BadInput` for a video without sound, too many streams or channels, or a rate outside of 8–192 kHz.
    """
    with path.open("rb") as file:
        container = detect_container(file, name)
        if is_truncated(file, container):
            raise UnreadableInput(f"{name} was cut short: its end is missing. Send the whole file.", field="file")
        if container is not WAV:  # PCM cannot be longer than its bytes
            _check_packets(file, container, max_seconds, name)
        with _opened(file, container, name) as opened:
            recording = _build_reader(opened, container, max_seconds, name)
            if container is WAV and (recording.declared_s or 0.0) > max_seconds:
                raise _too_long_error(name, max_seconds)
            yield recording


@contextmanager
def _opened(file: BinaryIO, container: Container, name: str) -> Iterator[av.container.InputContainer]:
    file.seek(0)
    options = {
        "format_whitelist": container.demuxer,
        "protocol_whitelist": "none",
        # Also prevents that a cover picture is ever decoded.
        "codec_whitelist": ",".join(sorted(_DECODERS)),
        "max_streams": str(MAX_STREAMS + 1),
    }
    try:
        opened = av.open(file, "r", format=container.demuxer, options=options)
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        raise UnreadableInput(
            f"{name} begins like {container.name} but cannot be read as such.", field="file"
        ) from error
    with opened:
        yield opened


def _build_reader(
    opened: av.container.InputContainer, container: Container, max_seconds: float, name: str
) -> RecordingReader:
    if len(opened.streams) > MAX_STREAMS:
        raise BadInput(f"{name} has more than {MAX_STREAMS} streams.", field="file")
    if not opened.streams.audio:
        raise BadInput(f"{name} has no sound.", field="file")
    stream = opened.streams.audio[0]
    context = stream.codec_context
    if context is None or context.name not in _DECODERS:
        raise UnreadableInput(f"The sound of {name} is in a codec that is not opened here.", field="file")
    context.thread_count = 1
    _discard_others(opened, stream)
    _check_shape(context.sample_rate, context.channels, name)
    declared = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
    if declared is None and opened.duration:
        declared = opened.duration / av.time_base
    return RecordingReader(
        name, container, context.name, context.sample_rate, context.channels, declared, max_seconds, opened
    )


def _check_packets(file: BinaryIO, container: Container, max_seconds: float, name: str) -> None:
    """Refuse a recording that is too long before decoding it: 100 h of silence fit into 45 MB.

    Packets may declare too little, so `blocks()` counts again.
    """
    with _opened(file, container, name) as opened:
        if not opened.streams.audio or len(opened.streams) > MAX_STREAMS:
            return
        stream = opened.streams.audio[0]
        _discard_others(opened, stream)
        total = 0
        for packet in _packets(opened, stream, name):
            total += max(0, packet.duration or 0)
            if total * (packet.time_base or 0) > max_seconds + 1:
                raise _too_long_error(name, max_seconds)


def _discard_others(opened: av.container.InputContainer, stream: av.AudioStream) -> None:
    """Skip the other streams already when reading, where the container allows it."""
    for other in opened.streams:
        if other is not stream:
            other.discard = Discard.all


def _packets(
    opened: av.container.InputContainer, stream: av.AudioStream, name: str
) -> Iterator[av.Packet[av.AudioStream]]:
    try:
        yield from opened.demux(stream)
    except (av.error.FFmpegError, MemoryError) as error:
        raise UnreadableInput(f"{name} cannot be read to its end.", field="file") from error


def _to_float(frame: AudioFrame, name: str) -> NDArray[np.float32]:
    """A frame as float32 of shape (channels, n); values that are not finite become silence."""
    channels = frame.layout.nb_channels
    _check_shape(frame.sample_rate, channels, name)
    packed = frame.format.name.removesuffix("p")
    if packed not in _SCALE:
        raise UnreadableInput(f"The samples of {name} are in a form that is not opened here ({packed}).", field="file")
    raw = frame.to_ndarray()
    samples = (raw if frame.format.is_planar else raw.reshape(-1, channels).T).astype(np.float32)
    if packed == "u8":
        samples -= 128
    samples *= np.float32(_SCALE[packed])
    if packed in ("flt", "dbl"):
        np.nan_to_num(samples, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        np.clip(samples, -1.0, 1.0, out=samples)
    return np.ascontiguousarray(samples)


def _check_shape(rate_hz: int, channels: int, name: str) -> None:
    if not rate_hz or not channels:
        raise UnreadableInput(f"{name} does not say how it is sampled; it seems to be damaged.", field="file")
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise BadInput(f"{name} is sampled at {rate_hz} Hz; {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz are taken.", field="file")
    if not 1 <= channels <= MAX_CHANNELS:
        raise BadInput(f"{name} has {channels} channels; 1 to {MAX_CHANNELS} are taken.", field="file")


def _too_long_error(name: str, max_seconds: float) -> InputTooLarge:
    limit = f"{max_seconds / 3600:g} hours" if max_seconds >= 3600 else f"{max_seconds:g} seconds"
    return InputTooLarge(
        f"{name} is longer than {limit}, the most that this server takes. Cut it into parts.", field="file"
    )
