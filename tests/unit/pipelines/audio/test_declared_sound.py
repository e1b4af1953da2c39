"""pipelines/audio/declared_sound.py: what the headers of PCM files say, and what is there."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from pipelines.audio.container import AIFF, AU, FLAC, WAV
from pipelines.audio.declared_sound import DeclaredSound, find_wrong_length
from tests.audio_factories import make_recording, make_sine, make_wav_bytes

SOUND = make_sine(1.0)
BYTES = 2 * len(SOUND)


def wav(data_bytes: int, tail: bytes = b"") -> io.BytesIO:
    return io.BytesIO(make_wav_bytes(SOUND, data_bytes=data_bytes) + tail)


@pytest.mark.parametrize("declared", [0x7FFF_F000, 2_000_000_000, BYTES * 2, 0xFFFF_0000])
def test_more_than_the_file_holds_is_a_wrong_length(declared: int) -> None:
    assert find_wrong_length(wav(declared), WAV) == DeclaredSound(declared, BYTES)


@pytest.mark.parametrize("declared", [0, 0x7FFF_FFFF, 0x7FFF_FFFF - 36, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFF - 36])
def test_unknown_is_no_wrong_length(declared: int) -> None:
    assert find_wrong_length(wav(declared), WAV) is None


def test_less_than_the_file_holds_is_a_wrong_length() -> None:
    assert find_wrong_length(wav(BYTES // 4), WAV) == DeclaredSound(BYTES // 4, BYTES)


def test_chunks_behind_the_sound_are_no_sound() -> None:
    assert find_wrong_length(wav(BYTES, b"LIST" + struct.pack("<I", 3000) + bytes(3000)), WAV) is None
    assert find_wrong_length(wav(BYTES, b"id3 " + struct.pack("<I", 301) + bytes(302)), WAV) is None


def test_right_lengths_are_right(tmp_path: Path) -> None:
    for ending, container in (("wav", WAV), ("aiff", AIFF), ("au", AU), ("flac", FLAC)):
        file = io.BytesIO(make_recording(tmp_path / f"a.{ending}", SOUND).read_bytes())
        assert find_wrong_length(file, container) is None
        assert file.tell() == 0


def test_aiff_and_au_are_compared_too(tmp_path: Path) -> None:
    for ending, container in (("aiff", AIFF), ("au", AU)):
        whole = make_recording(tmp_path / f"a.{ending}", SOUND).read_bytes()
        cut = find_wrong_length(io.BytesIO(whole[: len(whole) // 2]), container)
        assert cut is not None and cut.present < cut.declared


def test_a_file_of_more_than_4_gib_has_its_length_in_a_chunk_of_its_own() -> None:
    whole = make_wav_bytes(SOUND)
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 2**33, BYTES, 0, 0)
    file = io.BytesIO(b"RF64\xff\xff\xff\xffWAVE" + ds64 + whole[12:40] + b"\xff\xff\xff\xff" + whole[44:])
    assert find_wrong_length(file, WAV) is None
