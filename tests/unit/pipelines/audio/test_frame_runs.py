"""pipelines/audio/frame_runs.py: streams without a header, by frames that follow each other."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipelines.audio.frame_runs import FrameRun, find_frame_run
from tests.audio_factories import make_noise, make_recording

KINDS = {"aac": "adts", "mp3": "mpeg audio", "ac3": "ac3", "eac3": "eac3", "ts": "mpegts"}


@pytest.mark.parametrize(("ending", "kind"), KINDS.items())
@pytest.mark.parametrize("cut", [1_000, 5_001])
def test_stream_that_is_cut_in_mid_frame_begins_with_the_next_one(
    tmp_path: Path, ending: str, kind: str, cut: int
) -> None:
    data = make_recording(tmp_path / f"a.{ending}", make_noise(2.0, rate_hz=48_000)).read_bytes()
    found = find_frame_run(data[cut:-100], is_whole=True)
    assert found is not None and found.kind == kind and found.start < 2_000


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000])
def test_every_sampling_rate_of_mpeg_audio_is_known(tmp_path: Path, rate_hz: int) -> None:
    data = make_recording(tmp_path / "a.mp3", make_noise(2.0, rate_hz=rate_hz), rate_hz=rate_hz).read_bytes()
    found = find_frame_run(b"x" * 77 + data[2_001:], is_whole=True)
    assert found is not None and found.kind == "mpeg audio"


def test_noise_holds_no_run() -> None:
    assert all(find_frame_run(random.Random(seed).randbytes(1 << 18), is_whole=True) is None for seed in range(8))


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff" * 5_000, bytes(5_000), b"\xff\xf1" * 2_000])
def test_sync_words_alone_are_no_run(data: bytes) -> None:
    assert find_frame_run(data, is_whole=True) is None


def test_frames_of_two_streams_are_no_run() -> None:
    one, other = b"\xff\xfb\x90\x64" + bytes(413), b"\xff\xfb\x94\x64" + bytes(380)
    assert find_frame_run((one + other) * 10, is_whole=True) is None
    assert find_frame_run(one * 10, is_whole=True) == FrameRun("mpeg audio", 0)


def test_two_frames_at_the_end_of_the_file_are_a_run_behind_junk() -> None:
    frame = b"\xff\xfb\x90\x64" + bytes(413)
    assert find_frame_run(b"junk" + frame * 2, is_whole=True) == FrameRun("mpeg audio", 4)
    assert find_frame_run(b"junk" + frame * 2, is_whole=False) is None
    assert find_frame_run(b"junk" + frame, is_whole=True) is None
