"""pipelines/audio/container.py: containers by their first bytes, and streams behind junk."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pipelines.audio.container import (
    AIFF,
    AMR,
    ASF,
    AU,
    AVI,
    CAF,
    FLV,
    MP3,
    MP4,
    MPEG_PS,
    W64,
    WAV,
    Container,
    detect_container,
    id3_end,
)
from pipelines.errors import UnreadableInput
from tests.audio_factories import make_recording


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"RF64\xff\xff\xff\xffWAVE", WAV),
        (b"BW64\xff\xff\xff\xffWAVE", WAV),
        (b"#!AMR-WB\n", AMR),
        (b"\0\0\0\x08wide", MP4),
        (b"\0\0\x10\0mdat", MP4),
        (b"RIFF\0\0\0\0AVI ", AVI),
        (b"FORM\0\0\0\0AIFC", AIFF),
        (b".snd\0\0\0\x18", AU),
        (b"caff\0\x01\0\0", CAF),
        (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0", W64),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c", ASF),
        (b"FLV\x01\x04", FLV),
        (b"\0\0\x01\xba\x44", MPEG_PS),
    ],
)
def test_first_bytes_name_the_container(head: bytes, container: Container) -> None:
    file = io.BytesIO(head + bytes(64))
    assert detect_container(file) == (container, 0)
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("ending", "name"),
    [
        ("wav", "wav"),
        ("flac", "flac"),
        ("mp3", "mp3"),
        ("opus", "ogg"),
        ("m4a", "mp4"),
        ("webm", "matroska"),
        ("aac", "aac"),
        ("ts", "mpegts"),
        ("mpg", "mpeg"),
        ("avi", "avi"),
        ("aiff", "aiff"),
        ("au", "au"),
        ("caf", "caf"),
        ("w64", "w64"),
        ("wma", "asf"),
        ("flv", "flv"),
        ("ac3", "ac3"),
        ("eac3", "eac3"),
    ],
)
def test_every_format_is_detected(tmp_path: Path, ending: str, name: str) -> None:
    file = io.BytesIO(make_recording(tmp_path / f"a.{ending}").read_bytes())
    assert detect_container(file).container.name == name


def test_tag_before_the_stream_is_skipped(tmp_path: Path) -> None:
    stream = make_recording(tmp_path / "a.aac").read_bytes()
    found = detect_container(io.BytesIO(b"ID3\x04\0\0\0\0\0\x05hello" + stream))
    assert (found.container.name, found.start) == ("aac", 15)


@pytest.mark.parametrize(
    "junk", [bytes(731), b"\xff\xfb" * 50, b"HTTP/1.0 200 OK\r\nicy-name: x\r\n\r\n", bytes(300_000)]
)
def test_stream_behind_junk_begins_with_its_first_frame(tmp_path: Path, junk: bytes) -> None:
    stream = make_recording(tmp_path / "a.aac").read_bytes()
    found = detect_container(io.BytesIO(junk + stream))
    assert (found.container.name, found.start) == ("aac", len(junk))


def test_tag_in_the_junk_may_hold_a_picture_longer_than_what_is_searched(tmp_path: Path) -> None:
    size = 3 << 20
    tag = b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)
    stream = make_recording(tmp_path / "a.aac").read_bytes()
    assert detect_container(io.BytesIO(bytes(731) + tag + stream)).start == 731 + len(tag)


def test_tag_that_says_it_is_longer_than_the_file_is_junk(tmp_path: Path) -> None:
    tag = b"ID3\x03\0\0\x7f\x7f\x7f\x7f"
    stream = make_recording(tmp_path / "a.aac").read_bytes()
    found = detect_container(io.BytesIO(tag + stream))
    assert (found.container.name, found.start) == ("aac", len(tag))
    with pytest.raises(UnreadableInput, match="not a recording"):
        detect_container(io.BytesIO(tag))


def test_tag_behind_the_first_frames_is_that_of_a_further_recording(tmp_path: Path) -> None:
    stream = make_recording(tmp_path / "a.mp3").read_bytes()
    assert detect_container(io.BytesIO(stream + stream)).start == id3_end(stream[:10]) > 10


def test_playlist_with_frames_behind_it_stays_a_playlist(tmp_path: Path) -> None:
    stream = make_recording(tmp_path / "a.mp3").read_bytes()
    with pytest.raises(UnreadableInput, match="playlist"):
        detect_container(io.BytesIO(b"#EXTM3U\nother.wav\n" + stream))


def test_one_frame_that_fills_the_file_is_a_stream() -> None:
    frame = b"\xff\xfb\x90\x64" + bytes(413)
    assert detect_container(io.BytesIO(frame)) == (MP3, 0)
    with pytest.raises(UnreadableInput, match="not a recording"):
        detect_container(io.BytesIO(frame + b"Hello" * 100))


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
