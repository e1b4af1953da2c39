"""pipelines/audio/unknown_length.py: headers of writers that did not know the length of the sound."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from pipelines.audio.container import AIFF, MP3, WAV
from pipelines.audio.decode import open_recording
from pipelines.audio.unknown_length import find_corrections
from tests.audio_factories import make_sine

SOUND = make_sine(2.0, rate_hz=8_000)


def make_aiff(form: int, frames: int, sound: int) -> bytes:
    """`SOUND` with these lengths in its header."""
    rate = b"\x40\x0b\xfa\x00" + bytes(6)  # 8 kHz as a float of 80 bits
    common = b"COMM" + struct.pack(">IHIH", 18, 1, frames, 16) + rate
    samples = b"SSND" + struct.pack(">III", sound, 0, 0) + SOUND.byteswap().tobytes()
    return b"FORM" + struct.pack(">I", form) + b"AIFF" + common + samples


def make_rf64(magic: bytes, length: int | None) -> bytes:
    """`SOUND` with this length in its `ds64` chunk; without the chunk for None."""
    long_lengths = b"" if length is None else b"ds64" + struct.pack("<IQQQI", 28, 0, length, 0, 0)
    wave_format = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 16_000, 2, 16)
    samples = b"data" + struct.pack("<I", 0xFFFF_FFFF) + SOUND.tobytes()
    return magic + struct.pack("<I", 0xFFFF_FFFF) + b"WAVE" + long_lengths + wave_format + samples


def read(path: Path) -> tuple[np.ndarray, list[str]]:
    """The samples as int16, and the codes of the remarks."""
    with open_recording(path, max_seconds=60) as recording:
        samples = np.concatenate([block.samples[0] for block in recording.blocks()])
        return np.round(samples * 32_768).astype(np.int16), [code for code, _ in recording.remarks]


@pytest.mark.parametrize(
    ("form", "frames", "sound"),
    [
        (0, 0, 0),
        (0, 0, 8),
        (46, 0, 8),
        (0, len(SOUND), SOUND.nbytes + 8),
        (0x7FFF_FFFF, 0x7FFF_FFFF, 0x7FFF_FFFF),
        (0x8000_0000, 0x8000_0000, 0x8000_0000),
        (0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF),
        (0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFD0),
    ],
)
def test_an_aiff_file_of_unknown_length_is_read_to_its_end(tmp_path: Path, form: int, frames: int, sound: int) -> None:
    path = tmp_path / "a.aiff"
    path.write_bytes(make_aiff(form, frames, sound))
    samples, remarks = read(path)
    assert np.array_equal(samples, SOUND) and remarks == []


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
@pytest.mark.parametrize("length", [None, 0, (1 << 63) - 1, (1 << 64) - 1])
def test_an_rf64_file_of_unknown_length_is_read_to_its_end(tmp_path: Path, magic: bytes, length: int | None) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(make_rf64(magic, length))
    samples, remarks = read(path)
    assert np.array_equal(samples, SOUND) and remarks == []


def test_known_lengths_stay_as_they_are() -> None:
    aiff = make_aiff(SOUND.nbytes + 46, len(SOUND), SOUND.nbytes + 8)
    assert find_corrections(io.BytesIO(aiff), AIFF) == {}
    assert find_corrections(io.BytesIO(make_rf64(b"RF64", SOUND.nbytes)), WAV) == {}
    assert find_corrections(io.BytesIO(make_rf64(b"RIFF", None)), WAV) == {}
    assert find_corrections(io.BytesIO(aiff), MP3) == {}


def test_aiff_without_sound_stays_empty() -> None:
    empty = make_aiff(46, 0, 8)[:54]
    assert find_corrections(io.BytesIO(empty), AIFF) == {}
    assert find_corrections(io.BytesIO(empty + b"NAME\x00\x00\x00\x02ab"), AIFF) == {}
    assert find_corrections(io.BytesIO(b"FORM\x00\x00\x10\x00AIFF"), AIFF) == {}


def test_lengths_fit_into_the_header_of_the_longest_file(tmp_path: Path) -> None:
    path = tmp_path / "a.aiff"
    path.write_bytes(make_aiff(0, 0, 0)[:54])
    with path.open("r+b") as file:
        file.truncate(5 << 30)  # sparse
    with path.open("rb") as file:
        assert find_corrections(file, AIFF)[4] == ((1 << 31) - 1_024).to_bytes(4, "big")
