"""Commands that run the server's own programs."""

from __future__ import annotations

import os

import pytest
import typer

from framework.cli.server_modules import build_arguments, exec_server_module


def test_options_become_arguments() -> None:
    assert build_arguments(data_dir="/d", port=0, deep=True, model=["a", "b"]) == [
        "--data-dir",
        "/d",
        "--port",
        "0",
        "--deep",
        "--model",
        "a",
        "--model",
        "b",
    ]
    assert build_arguments(device=None, deep=False, model=[]) == []


def test_module_of_the_working_directory_is_never_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    executed: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: executed.append([path, *arguments]))
    exec_server_module("json.tool", ["--sort-keys"])
    [[path, executable, *arguments]] = executed
    assert path == executable
    assert arguments == ["-P", "-m", "json.tool", "--sort-keys"]


def test_without_the_servers_code_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught:
        exec_server_module("not_here.stack", [])
    assert caught.value.exit_code == 2
    assert "not_here.stack is not installed here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("workers.controller", "worker"),
        ("workers.stack", "worker"),
        ("workers.maintenance.audit", "server"),
        ("migrations", "server"),
    ],
)
def test_program_of_an_extra_that_is_not_installed_names_it(
    module: str, extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = {"workers", "migrations"}
    monkeypatch.setattr("framework.cli.server_modules.find_spec", lambda name: object() if name in ours else None)
    with pytest.raises(typer.Exit) as caught:
        exec_server_module(module, [])
    assert caught.value.exit_code == 2
    assert f"pip install 'voicemill[{extra}]'" in capsys.readouterr().err
