"""pipelines/audio/media_file.py: tracks, and where the time of a recording begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from pipelines.audio.container import detect_container
from pipelines.audio.media_file import MediaFile
from pipelines.errors import BadInput, InputTooLarge
from tests.audio_factories import make_recording, make_silence, make_sine, make_video, mux_tracks


@contextmanager
def media(path: Path) -> Iterator[MediaFile]:
    with path.open("rb") as file:
        yield MediaFile(file, detect_container(file).container, "a")


@pytest.mark.parametrize("ending", ["mkv", "mp4", "ts"])
def test_time_begins_with_the_picture_where_the_sound_is_late(tmp_path: Path, ending: str) -> None:
    path = make_video(tmp_path / f"a.{ending}", seconds=4.0, sound=make_sine(1.0, rate_hz=48_000), sound_start_s=2.5)
    with media(path) as file, av.open(str(path)) as whole:
        # FFmpeg knows the start where it may open the picture's decoder too.
        assert file.find_origin_s() == pytest.approx((whole.start_time or 0) / av.time_base, abs=0.15)


def test_time_of_a_sound_file_begins_with_its_sound(tmp_path: Path) -> None:
    path = mux_tracks(tmp_path / "a.mka", [make_sine(1.0)], start_s=7.0)
    with media(path) as file:
        assert file.find_origin_s() == pytest.approx(7.0, abs=0.01)


def test_time_counts_from_the_file_where_there_are_no_timestamps(tmp_path: Path) -> None:
    with media(make_recording(tmp_path / "a.mp3")) as file:
        assert file.find_origin_s() == 0.0


def test_tracks_have_number_language_and_flag(tmp_path: Path) -> None:
    path = mux_tracks(tmp_path / "a.mka", [make_sine(1.0), make_silence(1.0)], languages=("fra", None), default=1)
    with media(path) as file:
        tracks = file.find_tracks()
    assert [(each.number, each.language, each.is_default, each.is_readable) for each in tracks] == [
        (1, "fra", False, True),
        (2, None, True, True),
    ]


def test_video_without_sound_has_no_tracks(tmp_path: Path) -> None:
    with media(make_video(tmp_path / "a.mkv")) as file, pytest.raises(BadInput, match="has no sound"):
        file.find_tracks()


def test_packets_that_are_too_long_together_are_refused(tmp_path: Path) -> None:
    with media(make_recording(tmp_path / "a.mp3", np.zeros(10 * 48_000, np.int16))) as file:
        file.check_packets(1, 10.0)
        with pytest.raises(InputTooLarge, match="longer than 5 seconds"):
            file.check_packets(1, 5.0)


def test_every_track_has_its_own_packets(tmp_path: Path) -> None:
    path = mux_tracks(tmp_path / "a.mka", [make_sine(1.0), make_sine(9.0)])
    with media(path) as file:
        file.check_packets(1, 5.0)
        with pytest.raises(InputTooLarge):
            file.check_packets(2, 5.0)
