"""The audio formats that can be asked for. Data and one rule; standard library only, so that the web process reads it.

To add one: a name in `requests.AudioFormat` and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import UnsupportedOption


@dataclass(frozen=True, slots=True)
class Format:
    """A file format that can be asked for. `rates` empty = any rate."""

    container: str
    codec: str
    content_type: str
    bit_rate: int | None = None
    rates: tuple[int, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    has_chapters: bool = False
    has_cover: bool = False
    #: Samples of silence that the encoder puts before the sound and the container cannot tell players to leave out.
    #: (MP4 has an edit list for that, Ogg a pre-skip, MP3 the LAME tag.)
    delay_samples: int = 0


_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
# The index goes to the front of the file, so that players start before they have all of it.
_MP4 = {"movflags": "+faststart"}

FORMATS: Mapping[str, Format] = {
    # Past 4 GiB the header becomes RF64; below, the file is an ordinary WAV.
    "wav": Format("wav", "pcm_s16le", "audio/wav", options={"rf64": "auto"}),
    "flac": Format("flac", "flac", "audio/flac", has_cover=True),
    "mp3": Format("mp3", "libmp3lame", "audio/mpeg", 64_000, _MP3_RATES, has_cover=True),
    "opus": Format("ogg", "libopus", "audio/ogg", 32_000, _OPUS_RATES),
    # A frame goes before the first one, for the transform overlaps; the bare stream has no place to say so.
    "aac": Format("adts", "aac", "audio/aac", 64_000, _MP3_RATES, delay_samples=1024),
    "m4a": Format("mp4", "aac", "audio/mp4", 64_000, _MP3_RATES, {**_MP4, "brand": "M4A "}, True, True),
    "m4b": Format("mp4", "aac", "audio/mp4", 64_000, _MP3_RATES, {**_MP4, "brand": "M4B "}, True, True),
    "pcm": Format("s16le", "pcm_s16le", "audio/pcm"),
}

#: Formats that every reading system of EPUB 3 plays.
OVERLAY_FORMATS = ("mp3", "m4a", "m4b", "opus")


def output_rate(name: str, wanted_hz: int | None, spoken_hz: int) -> int:
    """The file's sampling rate: the one wanted, else the nearest to the voice's that the format has, rather higher.

    Raises `UnsupportedOption` for a rate that the format cannot have.
    """
    rates = FORMATS[name].rates
    if wanted_hz is not None:
        if rates and wanted_hz not in rates:
            raise UnsupportedOption(
                f"{name} cannot have {wanted_hz} Hz; choose one of: {', '.join(map(str, rates))}.",
                field="sample_rate_hz",
            )
        return wanted_hz
    if not rates or spoken_hz in rates:
        return spoken_hz
    return min((rate for rate in rates if rate >= spoken_hz), default=rates[-1])
