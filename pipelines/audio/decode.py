"""Decodes untrusted recordings: the only module that hands audio or video files of users to a decoder.

media_file.py opens them. Knows samples and limits; nothing of speech, and never a file name or a MIME type. Time is
counted in decoded samples, because timestamps are unreliable in several formats.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from pipelines.errors import BadInput, UnreadableInput

from .container import AU, FLAC, WAV, Container, detect_container
from .corrected_file import open_corrected
from .declared_sound import DeclaredSound, find_wrong_length
from .file_tail import open_tail
from .media_file import DECODERS, MediaFile, discard_others, packets_of, too_long_error
from .tracks import AudioTrack, TrackChoice, choose_track, describe_others
from .truncation import is_truncated
from .unknown_length import find_corrections

MAX_CHANNELS = 8
MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 192_000
#: A longer gap in the timestamps is an error in them and is not filled with silence; seconds.
_MAX_GAP_S = 3600.0
_BLOCK_S = 0.5
#: A track whose samples all stay below this, of full scale 1, is silent; seconds that are looked at.
_SILENCE_PEAK, _SILENCE_S = 1e-3, 1800.0
#: The number of samples that a writer of flac leaves where it does not know it; most leave 0.
_MOST_FLAC_SAMPLES = (1 << 36) - 1
#: The share of a frame's samples that must be within full scale.
_LOUD_SHARE = 0.99
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
    _stream: av.AudioStream = field(repr=False)
    #: The time of the recording's start in the timestamps of its packets, in seconds.
    _origin_s: float
    #: What the user should know of how the file was read: a code and a sentence each.
    remarks: Sequence[tuple[str, str]] = ()
    #: Samples decoded at the current rate, and seconds decoded at the rates before.
    _count: int = 0
    _before_s: float = 0.0
    _damaged_packets: int = 0
    _packets: int = 0
    #: The full scale of the samples: 1, or more where floating-point samples go beyond it.
    _scale: float = 1.0

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
                raise too_long_error(self.name, self.max_seconds)
            waiting.append(samples)
        if waiting:
            yield AudioBlock(np.concatenate(waiting, axis=1), rate)
        self._check_end(self._decoded_s(rate))

    def _decoded_s(self, rate_hz: int) -> float:
        return self._before_s + self._count / rate_hz

    def _frames(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        """(samples, rate) of each frame, with silence for damaged packets and for gaps in the recording."""
        last: tuple[int, int, int] | None = None  # channels, samples, rate of the frame before
        for packet in packets_of(self._input, self._stream, self.name):
            self._packets += 1
            try:
                frames = packet.decode()
            except (av.error.InvalidDataError, av.error.UndefinedError):  # the latter: a decoder's own, as of AC-3
                self._count_damage()
                if last is not None:
                    yield np.zeros(last[:2], np.float32), last[2]
                continue
            except (av.error.FFmpegError, ValueError, MemoryError) as error:
                raise UnreadableInput(f"{self.name} cannot be decoded ({self.codec}).", field="file") from error
            for frame in frames:
                assert isinstance(frame, AudioFrame)
                samples, rate = self._limit(_to_float(frame, self.name)), frame.sample_rate
                missing = round(self._gap_before(frame, rate) * rate)
                for at in range(0, missing, rate):  # an hour at once would fill the memory
                    yield np.zeros((samples.shape[0], min(rate, missing - at)), np.float32), rate
                last = (*samples.shape, rate)
                yield samples, rate

    def _limit(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The samples within full scale. Recorders of 32-bit floats go beyond it, and some writers use that of 16 bits:
        clipped, such speech is not understood. Single samples beyond it are clipped: they are damage, or rounding."""
        if self.codec.startswith("pcm_f") and samples.size:
            self._scale = max(self._scale, float(np.quantile(np.abs(samples), _LOUD_SHARE)))
            samples /= np.float32(self._scale)
        return np.clip(samples, -1.0, 1.0, out=samples)

    def _gap_before(self, frame: AudioFrame, rate_hz: int) -> float:
        """Seconds missing before a frame: browsers omit silence, videos start their audio late, packets get lost."""
        if self.container.max_jitter_s is None or frame.time is None:
            return 0.0
        gap_s = frame.time - self._origin_s - self._decoded_s(rate_hz)
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
def open_recording(
    path: Path, *, max_seconds: float, name: str = "The recording", track: str | None = None
) -> Iterator[RecordingReader]:
    """Open the recording at `path`, of at most `max_seconds`; `name` is for messages.

    `track`: the audio track by number from 1 or by language; None = see `choose_track`. Raises `UnreadableInput` for a
    file that is damaged or not a recording, `InputTooLarge` where its packets are too long, `BadInput` for a video
    without sound, a track that is not there, too many streams or channels, or a rate outside of 8–192 kHz.
    """
    with path.open("rb") as whole:
        container, start = detect_container(whole, name)
        file: BinaryIO = open_tail(whole, start) if start else whole
        corrections = find_corrections(file, container)
        file = open_corrected(file, corrections) if corrections else file
        media = MediaFile(file, container, name)
        if is_truncated(file, container):
            raise UnreadableInput(f"{name} was cut short: its end is missing. Send the whole file.", field="file")
        wrong = find_wrong_length(file, container)
        tracks = media.find_tracks()
        choice = choose_track(tracks, track, partial(_is_silent, media), name)
        number = choice.track.number
        if container is not WAV:  # PCM cannot be longer than its bytes
            media.check_packets(number, max_seconds)
        origin_s = media.find_origin_s()
        with media.open() as source:
            recording = _build_reader(source, media, number, max_seconds, origin_s)
            recording.remarks = [*_length_remarks(wrong, container, name), *_track_remarks(choice, tracks)]
            if wrong is not None:
                recording.declared_s = None
            if container is WAV and (recording.declared_s or 0.0) > max_seconds:
                raise too_long_error(name, max_seconds)
            yield recording


def _length_remarks(wrong: DeclaredSound | None, container: Container, name: str) -> Iterator[tuple[str, str]]:
    if wrong is None:
        return
    said = f"The header of {name} says {wrong.declared:,} bytes of sound, the file holds {wrong.present:,}"
    if wrong.declared > wrong.present:
        yield "header_length", f"{said}: it was read to its end. If it was cut short, send the whole file."
    elif container is AU:
        yield "header_length", f"{said}: it was read to its end."
    else:
        yield "header_length", f"{said}: what lies behind the length of the header was not read."


def _track_remarks(choice: TrackChoice, tracks: Sequence[AudioTrack]) -> Iterator[tuple[str, str]]:
    if len(tracks) > 1:
        yield "other_tracks", describe_others(choice, tracks)


def _is_silent(media: MediaFile, track: AudioTrack) -> bool:
    """Whether the first half hour of a track holds no sound: recorders write tracks of microphones that are off."""
    with media.open() as source:
        try:
            blocks = _build_reader(source, media, track.number, _SILENCE_S, math.inf).blocks()
            return all(float(np.abs(block.samples).max(initial=0.0)) < _SILENCE_PEAK for block in blocks)
        except BadInput:  # too long, or it does not decode
            return True


def _build_reader(
    source: av.container.InputContainer, media: MediaFile, track: int, max_seconds: float, origin_s: float
) -> RecordingReader:
    stream = source.streams.audio[track - 1]
    context = stream.codec_context
    if context is None or context.name not in DECODERS:
        raise UnreadableInput(f"The sound of {media.name} is in a codec that is not opened here.", field="file")
    context.thread_count = 1
    discard_others(source, stream)
    _check_shape(context.sample_rate, context.channels, media.name)
    declared = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
    if declared is None and source.duration:
        declared = source.duration / av.time_base
    if media.container is FLAC and declared and declared * context.sample_rate > _MOST_FLAC_SAMPLES - 1:
        declared = None
    return RecordingReader(
        media.name,
        media.container,
        context.name,
        context.sample_rate,
        context.channels,
        declared,
        max_seconds,
        source,
        stream,
        origin_s,
    )


def _to_float(frame: AudioFrame, name: str) -> NDArray[np.float32]:
    """A frame as float32 of shape (channels, n), full scale ±1; values that are not finite become silence."""
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
    return np.ascontiguousarray(samples)


def _check_shape(rate_hz: int, channels: int, name: str) -> None:
    if not rate_hz or not channels:
        raise UnreadableInput(f"{name} does not say how it is sampled; it seems to be damaged.", field="file")
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise BadInput(f"{name} is sampled at {rate_hz} Hz; {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz are taken.", field="file")
    if not 1 <= channels <= MAX_CHANNELS:
        raise BadInput(f"{name} has {channels} channels; 1 to {MAX_CHANNELS} are taken.", field="file")
