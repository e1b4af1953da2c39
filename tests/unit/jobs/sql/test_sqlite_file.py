"""Who may read the SQLite file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

import migrations
from jobs.errors import Misconfigured
from jobs.sql import SqlStore
from jobs.sql.sqlite_file import make_private


def modes(directory: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


def test_a_new_database_is_private_in_a_directory_that_is_open_to_all(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        url = f"sqlite:///{tmp_path / 'voicemill.db'}"
        migrations.upgrade(url)
        store = SqlStore(url)
        store.keys.ensure_tenant("t")
        assert len(list(tmp_path.iterdir())) >= 2, "the database and its log"
        assert modes(tmp_path) == {0o600}
        store.close()
    finally:
        os.umask(before)


def test_a_database_that_others_could_read_is_taken_from_them(tmp_path: Path) -> None:
    for name in ("voicemill.db", "voicemill.db-wal", "voicemill.db-shm"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    make_private(sa.make_url(f"sqlite:///{tmp_path / 'voicemill.db'}"))
    assert modes(tmp_path) == {0o600}


def test_a_database_whose_mode_cannot_be_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "voicemill.db"
    path.touch()
    path.chmod(0o644)

    def refuse(self: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(Misconfigured, match="make it 600"):
        make_private(sa.make_url(f"sqlite:///{path}"))


def test_other_databases_have_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_private(sa.make_url("sqlite://"))
    make_private(sa.make_url("postgresql+psycopg://user@host/name"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file/voicemill.db", "file/below/voicemill.db"])
def test_a_directory_that_cannot_be_made_names_its_setting(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="file") as refused:
        migrations.upgrade(f"sqlite:///{tmp_path / name}")
    assert refused.value.field == "VOICEMILL_DATA_DIR"
