"""Builders of audio samples and audio files: plain functions with valid defaults."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

FIXTURES = Path(__file__).parent / "fixtures"
#: Eleven seconds of President Kennedy's inaugural address, 16 kHz mono (US government work, public domain).
JFK = FIXTURES / "jfk.flac"
JFK_TEXT = "And so my fellow Americans ask not what your country can do for you ask what you can do for your country"

#: File suffix → FFmpeg muxer, encoder, sample format.
_FORMATS = {
    "flac": ("flac", "flac", "s16"),
    "mp3": ("mp3", "libmp3lame", "s16p"),
    "ogg": ("ogg", "libopus", "s16"),
    "opus": ("ogg", "libopus", "s16"),
    "m4a": ("ipod", "aac", "fltp"),
    "mp4": ("mp4", "aac", "fltp"),
    "mov": ("mov", "aac", "fltp"),
    "webm": ("webm", "libopus", "s16"),
    "mka": ("matroska", "flac", "s16"),
    "aac": ("adts", "aac", "fltp"),
    "ts": ("mpegts", "aac", "fltp"),
    "mpg": ("mpeg", "mp2", "s16"),
    "avi": ("avi", "libmp3lame", "s16p"),
    "aiff": ("aiff", "pcm_s16be", "s16"),
    "au": ("au", "pcm_s16be", "s16"),
    "caf": ("caf", "pcm_s16be", "s16"),
    "w64": ("w64", "pcm_s16le", "s16"),
    "wma": ("asf", "wmav2", "fltp"),
    "flv": ("flv", "aac", "fltp"),
    "ac3": ("ac3", "ac3", "fltp"),
    "eac3": ("eac3", "eac3", "fltp"),
}


def make_sine(seconds: float, *, hz: float = 440.0, rate_hz: int = 16_000, level: float = 0.3) -> NDArray[np.int16]:
    """A sine, int16."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.rint(np.sin(2 * np.pi * hz * times) * level * 32_767).astype(np.int16)


def make_silence(seconds: float, *, rate_hz: int = 16_000) -> NDArray[np.int16]:
    """Zeros, int16."""
    return np.zeros(round(seconds * rate_hz), np.int16)


def make_noise(seconds: float, *, level: float = 0.02, rate_hz: int = 16_000, seed: int = 0) -> NDArray[np.int16]:
    """White noise, int16."""
    noise = np.random.default_rng(seed).normal(size=round(seconds * rate_hz)) * level
    return (np.clip(noise, -1, 1) * 32_767).astype(np.int16)


def load_jfk() -> NDArray[np.int16]:
    """The samples of `JFK`."""
    with av.open(str(JFK)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def make_wav_bytes(
    samples: NDArray[np.int16] | None = None,
    *,
    rate_hz: int = 16_000,
    channels: int | None = None,
    data_bytes: int | None = None,
    code: int = 1,
    bits: int = 16,
) -> bytes:
    """A RIFF file. `samples`: shape (n,) or (channels, n), in the type of the data; `data_bytes`: the length that the
    header names; `code`: the format tag (1 = PCM, 3 = float)."""
    samples = make_sine(1.0, rate_hz=rate_hz) if samples is None else samples
    shaped = samples.reshape(1, -1) if samples.ndim == 1 else samples
    body = np.ascontiguousarray(shaped.T).tobytes()
    channels = channels or shaped.shape[0]
    frame = channels * bits // 8
    layout = struct.pack("<HHIIHH", code, channels, rate_hz, min(rate_hz * frame, 2**32 - 1), frame % 65_536, bits)
    size = len(body) if data_bytes is None else data_bytes
    head = b"WAVEfmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", min(len(head) + size, 2**32 - 1)) + head + body


def make_wav(path: Path, samples: NDArray[np.int16] | None = None, *, rate_hz: int = 16_000) -> Path:
    """A 16-bit WAV file at `path`; one second of a sine unless `samples` are given."""
    path.write_bytes(make_wav_bytes(samples, rate_hz=rate_hz))
    return path


def make_recording(
    path: Path,
    samples: NDArray[np.int16] | None = None,
    *,
    rate_hz: int = 48_000,
    options: dict[str, str] | None = None,
    picture: bool = False,
) -> Path:
    """An encoded file; the suffix of `path` names the format. `samples`: int16, (n,) or (channels, n)."""
    samples = make_sine(2.0, rate_hz=rate_hz) if samples is None else samples
    shaped = samples.reshape(1, -1) if samples.ndim == 1 else samples
    if path.suffix == ".wav":
        return make_wav(path, shaped, rate_hz=rate_hz)
    muxer, encoder, sample_format = _FORMATS[path.suffix[1:]]
    with av.open(str(path), "w", format=muxer, options=options or {}) as container:
        stream = _add_audio_stream(container, encoder, rate_hz)
        stream.layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[shaped.shape[0]]
        stream.format = sample_format
        if encoder in ("wmav2", "ac3", "eac3"):  # without a default that fits one channel
            stream.bit_rate = 128_000
        if picture:
            _mux_picture(container)
        for start in range(0, shaped.shape[1], 1 << 18):
            for packet in stream.encode(
                _make_frame(shaped[:, start : start + (1 << 18)], sample_format, stream, start)
            ):
                container.mux(packet)
        container.mux(stream.encode(None))
    return path


def encode_as(path: Path, samples: NDArray[np.int16], muxer: str, encoder: str, rate_hz: int) -> Path:
    """A file of one audio track of any encoder in any container. `samples`: int16, mono."""
    with av.open(str(path), "w", format=muxer) as container:
        stream = _add_audio_stream(container, encoder, rate_hz)
        stream.layout = "mono"
        if encoder not in ("g722", "adpcm_ima_qt") and not encoder.startswith("pcm"):
            stream.bit_rate = 32_000 if encoder.startswith("g726") else 128_000
        resampler = av.AudioResampler(stream.format.name, "mono", rate_hz, stream.frame_size or 1024)
        for frame in (_make_frame(samples.reshape(1, -1), "s16", stream, 0), None):
            for piece in resampler.resample(frame):
                container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def make_video(
    path: Path, *, seconds: float = 1.0, sound: NDArray[np.int16] | None = None, sound_start_s: float = 0.0
) -> Path:
    """A video of black frames; `sound` (48 kHz mono) becomes its audio track, from `sound_start_s` on."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        track = None
        if sound is not None:
            encoder = "libopus" if path.suffix in (".webm", ".mkv") else "aac"
            track = _add_audio_stream(container, encoder, 48_000)
            track.layout = "mono"
        for number in range(round(seconds * 10)):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(video.encode(frame))
        if track is not None and sound is not None:
            sample_format = track.format.name
            start = round(sound_start_s * 48_000)
            container.mux(track.encode(_make_frame(sound.reshape(1, -1), sample_format, track, start)))
            container.mux(track.encode(None))
        container.mux(video.encode(None))
    return path


def mux_tracks(
    path: Path,
    sounds: Sequence[NDArray[np.int16]],
    *,
    languages: Sequence[str | None] = (),
    default: int | None = None,
    start_s: float = 0.0,
) -> Path:
    """A Matroska file with an audio track for each sound (16 kHz mono), all of which begin at `start_s`.

    `default`: the index of the track that is flagged as the default one.
    """
    with av.open(str(path), "w", format="matroska", options={"default_mode": "passthrough"}) as container:
        streams = [_add_audio_stream(container, "pcm_s16le", 16_000) for _ in sounds]
        for number, stream in enumerate(streams):
            stream.layout = "mono"
            stream.disposition = Disposition.default if number == default else Disposition(0)
            language = languages[number] if number < len(languages) else None
            stream.metadata.update({"language": language} if language else {})
        for at in range(0, max(len(sound) for sound in sounds), 1_600):
            for sound, stream in zip(sounds, streams, strict=True):
                piece = sound[at : at + 1_600].reshape(1, -1)
                if piece.size:
                    start = round(start_s * 16_000) + at
                    container.mux(stream.encode(_make_frame(piece, "s16", stream, start)))
        for stream in streams:
            container.mux(stream.encode(None))
    return path


def _add_audio_stream(container: av.container.OutputContainer, encoder: str, rate_hz: int) -> av.AudioStream:
    stream = container.add_stream(encoder, rate=rate_hz)
    assert isinstance(stream, av.AudioStream)
    return stream


def _make_frame(samples: NDArray[np.int16], sample_format: str, stream: av.AudioStream, start: int) -> av.AudioFrame:
    data: NDArray[Any] = samples
    if sample_format.startswith("flt"):
        data = (samples / 32_768).astype(np.float32)
    if not sample_format.endswith("p"):
        data = np.ascontiguousarray(data.T).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(data), format=sample_format, layout=stream.layout.name)
    frame.sample_rate = stream.rate
    frame.pts = start
    frame.time_base = Fraction(1, stream.rate)
    return frame


def _mux_picture(container: av.container.OutputContainer) -> None:
    cover = container.add_stream("mjpeg", rate=1)
    cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
    frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), format="rgb24")
    container.mux(cover.encode(frame))
    container.mux(cover.encode(None))
