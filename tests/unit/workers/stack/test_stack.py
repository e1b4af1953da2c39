"""The parts of the local stack that need no service; the whole: tests/acceptance/test_stack.py."""

from __future__ import annotations

import argparse
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.errors import Misconfigured
from workers.stack import stack
from workers.stack.local_account import LocalAccount
from workers.stack.stack import Stack

_MINE = """
[[model]]
kind = "stt"
name = "mine"
family = "whisper"
target = "pipelines.families.whisper.loading:load"
engines = ["ctranslate2"]
languages = ["en"]
source = "/models/mine"
"""


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


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


def test_a_taken_port_is_refused_by_name(server: socket.socket) -> None:
    port = server.getsockname()[1]
    with pytest.raises(Misconfigured, match=str(port)) as refused:
        stack._require_free(port)
    assert refused.value.field == "--port"


def test_a_port_listens_or_does_not(server: socket.socket) -> None:
    assert stack._listens(server.getsockname()[1])
    assert not stack._listens(stack._free_port())


def test_without_an_answer_there_is_no_status() -> None:
    assert stack._status(stack._free_port(), "/jobs") is None


def test_the_client_file_of_an_earlier_stack_is_removed(tmp_path: Path) -> None:
    (tmp_path / "client.json").write_text("{}")
    make_stack(tmp_path)
    assert not (tmp_path / "client.json").exists()


def test_the_password_of_flower_is_in_a_file_of_the_owner(tmp_path: Path) -> None:
    path = make_stack(tmp_path)._flower_config(LocalAccount("key", "secret", "the password"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values: dict[str, Any] = {}
    exec(path.read_text(), values)
    assert values["basic_auth"] == ["voicemill:the password"]
    assert values["address"] == "127.0.0.1"


def test_workers_are_missing_until_they_have_registered() -> None:
    live = [SimpleNamespace(id="inst:host:cpu:1"), SimpleNamespace(id="inst:fe80::1:tts.espeak:2")]
    store: Any = SimpleNamespace(workers=SimpleNamespace(list_live=lambda: live))
    reported = stack._ReportedWorkers(store)
    assert reported.check("cpu") == reported.check("espeak") == ""
    assert reported.check("pocketsphinx") == "has not reported to the database"


def test_models_to_load_go_to_the_workers_of_their_families(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(_MINE)
    found = stack._models_by_family(["mine", "tone", "whisper-base"], ["tone", "whisper"], tmp_path)
    assert found == {"whisper": ["mine", "whisper-base"], "tone": ["tone"]}
    assert stack._models_by_family([], ["tone"], tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "message"), [("mine", "family whisper: add it to --families tone"), ("x", "no model 'x'")]
)
def test_model_that_no_family_serves_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "models.toml").write_text(_MINE)
    with pytest.raises(Misconfigured, match=message) as refused:
        make_stack(tmp_path, model=[name])
    assert refused.value.field == "--model"
