"""Whether a worker lives."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from workers.liveness import SILENT_S, Liveness, main, silence_s


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMILL_DATA_DIR", str(tmp_path))
    return tmp_path


def age_reports(data_dir: Path, seconds: float) -> None:
    date = time.time() - seconds
    for path in (data_dir / "live").iterdir():
        os.utime(path, (date, date))


def test_worker_that_reports_lives(data_dir: Path) -> None:
    worker = Liveness(data_dir, "cpu")
    assert main([]) == 1
    worker.report()
    assert main([]) == 0
    age_reports(data_dir, SILENT_S + 60)
    assert main([]) == 1
    worker.report()
    assert main([]) == 0


def test_worker_that_has_stopped_does_not_live(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    worker = Liveness(data_dir, "cpu")
    worker.report()
    worker.close()
    worker.close()
    assert silence_s(data_dir) is None
    assert main([]) == 1
    assert "no worker runs" in capsys.readouterr().err


def test_pool_is_asked_by_its_name(data_dir: Path) -> None:
    Liveness(data_dir, "tts.espeak").report()
    assert main(["--pool", "tts.espeak"]) == 0
    assert main(["--pool", "cpu"]) == 1


def test_directory_that_cannot_be_written_stops_no_worker(data_dir: Path) -> None:
    (data_dir / "live").write_text("a file")
    worker = Liveness(data_dir, "cpu")
    worker.report()
    worker.close()


def test_settings_that_cannot_be_used_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOICEMILL_LEASE_S", "soon")
    assert main([]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
