"""Containers by their first bytes, and files that are cut short."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from pipelines.audio.container import AMR, MP4, WAV, detect_container, is_truncated
from pipelines.errors import UnreadableInput
from tests.audio_factories import make_recording, make_wav_bytes


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"RF64\xff\xff\xff\xffWAVE", WAV),
        (b"BW64\xff\xff\xff\xffWAVE", WAV),
        (b"#!AMR-WB\n", AMR),
        (b"\0\0\0\x08wide", MP4),
        (b"\0\0\x10\0mdat", MP4),
    ],
)
def test_rare_first_bytes_are_known(head: bytes, container: object) -> None:
    file = io.BytesIO(head + bytes(64))
    assert detect_container(file) is container
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("ending", "name"),
    [("wav", "wav"), ("flac", "flac"), ("mp3", "mp3"), ("opus", "ogg"), ("m4a", "mp4"), ("webm", "matroska")],
)
def test_whole_file_is_detected_and_not_truncated_and_half_of_it_is(tmp_path: Path, ending: str, name: str) -> None:
    whole = make_recording(tmp_path / f"a.{ending}").read_bytes()
    file = io.BytesIO(whole)
    container = detect_container(file)
    assert container.name == name and not is_truncated(file, container)
    # The header of flac declares samples, which the decoder compares.
    assert is_truncated(io.BytesIO(whole[: len(whole) // 2]), container) is (ending != "flac")


def test_tag_before_the_stream_is_skipped(tmp_path: Path) -> None:
    stream = make_recording(tmp_path / "a.aac").read_bytes()
    assert detect_container(io.BytesIO(b"ID3\x04\0\0\0\0\0\x05hello" + stream)).name == "aac"


def test_length_that_a_live_recorder_does_not_know_is_not_truncation() -> None:
    live = bytearray(make_wav_bytes())
    at = live.index(b"data") + 4
    live[at : at + 4] = struct.pack("<I", 0xFFFF_FFFF)
    assert not is_truncated(io.BytesIO(bytes(live)), WAV)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"#EXTM3U\n", "is a playlist"),
        (b"\xff\xe2\xff\xff", "cannot|can be"),
        (b"Hello", "not a rec"),
    ],
)
def test_anything_else_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableInput, match=message):
        detect_container(io.BytesIO(data))
