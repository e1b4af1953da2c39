"""pipelines/audio/truncation.py: files that are cut short."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pipelines.audio.container import detect_container
from pipelines.audio.truncation import is_truncated
from tests.audio_factories import make_recording


@pytest.mark.parametrize("ending", ["flac", "mp3", "opus", "m4a", "webm"])
def test_half_of_a_file_is_truncated_and_the_whole_is_not(tmp_path: Path, ending: str) -> None:
    whole = make_recording(tmp_path / f"a.{ending}").read_bytes()
    file = io.BytesIO(whole)
    container = detect_container(file).container
    assert not is_truncated(file, container)
    # The header of flac declares samples, which the decoder compares.
    assert is_truncated(io.BytesIO(whole[: len(whole) // 2]), container) is (ending != "flac")


def test_position_is_reset_to_the_start(tmp_path: Path) -> None:
    file = io.BytesIO(make_recording(tmp_path / "a.m4a").read_bytes())
    is_truncated(file, detect_container(file).container)
    assert file.tell() == 0
