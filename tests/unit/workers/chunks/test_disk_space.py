"""Free space for the files of chunks."""

from __future__ import annotations

from pathlib import Path

from workers.chunks.disk_space import DiskSpace


def test_space_is_short_while_less_is_free_than_it_has_to_be(tmp_path: Path) -> None:
    assert not DiskSpace((tmp_path,), 0).is_short()
    free = DiskSpace((tmp_path,), 0).free_bytes()
    assert DiskSpace((tmp_path,), 1000 * free + 1).is_short()


def test_the_fullest_file_system_counts(tmp_path: Path) -> None:
    assert DiskSpace((tmp_path, Path("/proc")), 1).is_short()


def test_a_write_that_failed_counts_for_a_while_because_a_quota_shows_in_no_figure(tmp_path: Path) -> None:
    now = [0.0]
    space = DiskSpace((tmp_path,), 0, clock=lambda: now[0])
    space.report_full()
    assert space.is_short()
    now[0] = 15.0
    assert not space.is_short()
