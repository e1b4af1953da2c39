"""The audio formats of synthesis, and the choice of a sampling rate. Standard library only: the web process imports it.

To add one: a name in `requests.AudioFormat` and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import UnsupportedOption


@dataclass(frozen=True, slots=True)
class AudioFileFormat:
    """A file format as PyAV names it. `rates` empty = any rate."""

    container: str
    codec: str
    content_type: str
    bit_rate: int | None = None
    rates: tuple[int, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    has_chapters: bool = False
    has_cover: bool = False
    #: Samples of encoder delay that the container cannot tell players to skip. (MP4 has an edit list for that, Ogg a
    #: pre-skip, MP3 the LAME tag.)
    delay_samples: int = 0


_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
# The index at the front of the file lets players start before they have all of it.
_MP4 = {"movflags": "+faststart"}

AUDIO_FORMATS: Mapping[str, AudioFileFormat] = {
    # Past 4 GiB the header becomes RF64; below, the file is an ordinary WAV.
    "wav": AudioFileFormat("wav", "pcm_s16le", "audio/wav", options={"rf64": "auto"}),
    "flac": AudioFileFormat("flac", "flac", "audio/flac", has_cover=True),
    "mp3": AudioFileFormat("mp3", "libmp3lame", "audio/mpeg", 64_000, _MP3_RATES, has_cover=True),
    "opus": AudioFileFormat("ogg", "libopus", "audio/ogg", 32_000, _OPUS_RATES),
    # The overlapping transform delays by one frame, and ADTS has no field for that.
    "aac": AudioFileFormat("adts", "aac", "audio/aac", 64_000, _MP3_RATES, delay_samples=1024),
    "m4a": AudioFileFormat("mp4", "aac", "audio/mp4", 64_000, _MP3_RATES, {**_MP4, "brand": "M4A "}, True, True),
    "m4b": AudioFileFormat("mp4", "aac", "audio/mp4", 64_000, _MP3_RATES, {**_MP4, "brand": "M4B "}, True, True),
    "pcm": AudioFileFormat("s16le", "pcm_s16le", "audio/pcm"),
}

#: Formats that every reading system of EPUB 3 plays.
EPUB_AUDIO_FORMATS = ("mp3", "m4a", "m4b", "opus")


def choose_sample_rate(name: str, requested_hz: int | None, voice_hz: int) -> int:
    """The file's sampling rate: the requested one, else the voice's, else the next higher one that the format has.

    Raises `UnsupportedOption` for a rate that the format cannot have.
    """
    rates = AUDIO_FORMATS[name].rates
    if requested_hz is not None:
        if rates and requested_hz not in rates:
            raise UnsupportedOption(
                f"{name} cannot have {requested_hz} Hz; choose one of: {', '.join(map(str, rates))}.",
                field="sample_rate_hz",
            )
        return requested_hz
    if not rates or voice_hz in rates:
        return voice_hz
    return min((rate for rate in rates if rate >= voice_hz), default=rates[-1])
