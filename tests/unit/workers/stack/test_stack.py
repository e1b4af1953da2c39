"""The parts of the local stack that need no service; the whole: tests/acceptance/test_stack.py."""

from __future__ import annotations

import argparse
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from jobs.child_environment import service_environment
from jobs.errors import Misconfigured
from jobs.settings import Settings
from workers.child_process import SOURCE_ROOT
from workers.stack import stack
from workers.stack.local_account import LocalAccount
from workers.stack.ports import free_port
from workers.stack.stack import Stack


def prepare(directory: Path, settings: Settings) -> None:
    made = make_stack(directory)
    made._env = service_environment({"VOICEMILL_DATA_DIR": str(directory), "PYTHONPATH": str(SOURCE_ROOT)})
    made._prepare(settings).close()


def make_stack(directory: Path, **options: Any) -> Stack:
    given = {"families": "tone", "port": 0, "flower_port": 0, "model": [], **options}
    return Stack(directory, argparse.Namespace(**given))


def test_a_data_directory_has_one_stack(tmp_path: Path) -> None:
    with stack._lock(tmp_path / "data"):
        with pytest.raises(Misconfigured) as refused, stack._lock(tmp_path / "data"):
            pass
        assert refused.value.field == "--data-dir"
    with stack._lock(tmp_path / "data"):
        pass


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_data_directory_that_cannot_be_made_is_refused_with_its_setting(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match=str(tmp_path)) as refused, stack._lock(tmp_path / name):
        pass
    assert refused.value.field == "VOICEMILL_DATA_DIR"


def test_a_setting_that_cannot_be_read_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOICEMILL_LEASE_S", "soon")
    monkeypatch.setattr("sys.argv", ["voicemill up"])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert stack.main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("voicemill up: VOICEMILL_LEASE_S cannot be used")


def test_the_client_file_of_an_earlier_stack_is_removed(tmp_path: Path) -> None:
    (tmp_path / "client.json").write_text("{}")
    make_stack(tmp_path)
    assert not (tmp_path / "client.json").exists()


def test_a_stack_whose_objects_were_removed_says_so_before_anything_serves(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    for _ in range(2):
        prepare(tmp_path, settings)
    shutil.rmtree(tmp_path / "objects")
    with pytest.raises(Misconfigured, match=r"workers\.replace_storage"):
        prepare(tmp_path, settings)


def test_a_stack_starts_while_its_storage_is_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    url = SecretStr(f"s3://bucket?endpoint_url=http://127.0.0.1:{free_port()}&region=x")
    prepare(tmp_path, Settings(data_dir=tmp_path, storage_url=url))
    assert "object storage does not answer" in capsys.readouterr().out


def test_the_password_of_flower_is_in_a_file_of_the_owner(tmp_path: Path) -> None:
    path = make_stack(tmp_path)._flower_config(LocalAccount("key", "secret", "the password"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values: dict[str, Any] = {}
    exec(path.read_text(), values)
    assert values["basic_auth"] == ["voicemill:the password"]
    assert values["address"] == "127.0.0.1"
