"""The cure where the storage of an installation was emptied or given up."""

from __future__ import annotations

import shutil

import pytest

from jobs.errors import Misconfigured
from jobs.sql import SqlStore
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.ownership import mark_storage
from jobs.storage.pairing import pair_storage
from workers import replace_storage


@pytest.fixture
def record(sqlite_store: SqlStore, sqlite_url, monkeypatch, tmp_path):
    """The record of a process whose database is that of the settings."""
    monkeypatch.setenv("VOICEMILL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VOICEMILL_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("VOICEMILL_SECRET_KEY", "the secret key of this one test, long enough")
    return sqlite_store.maintenance


def test_an_emptied_storage_is_let_in_after_the_command(record, tmp_path, capsys):
    pair_storage(DirectoryStorage(tmp_path / "objects"), record)
    shutil.rmtree(tmp_path / "objects")
    with pytest.raises(Misconfigured):
        pair_storage(DirectoryStorage(tmp_path / "objects"), record)
    assert replace_storage.main([]) == 0
    assert "paired" in capsys.readouterr().out
    pair_storage(DirectoryStorage(tmp_path / "objects"), record)


def test_the_storage_of_another_database_is_refused_in_one_sentence(record, tmp_path, capsys):
    mark_storage(DirectoryStorage(tmp_path / "objects"), "ins_of_another_database")
    assert replace_storage.main([]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("voicemill: ") and "VOICEMILL_STORAGE_URL" in line
