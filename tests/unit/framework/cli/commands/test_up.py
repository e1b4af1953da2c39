"""`voicemill up`."""

from __future__ import annotations

import pytest

from tests.unit.framework.cli.conftest import Program, started_with


@pytest.mark.parametrize(
    ("options", "passed"),
    [
        (["--data-dir", "/d", "--port", "9000"], ["--data-dir", "/d", "--port", "9000"]),
        (
            ["--data-dir", "/d", "--families", "espeak,tone"],
            ["--data-dir", "/d", "--port", "8080", "--families", "espeak,tone"],
        ),
        (
            ["--data-dir", "/d", "--model", "whisper-base", "--model", "mine"],
            ["--data-dir", "/d", "--port", "8080", "--model", "whisper-base", "--model", "mine"],
        ),
    ],
)
def test_options_are_passed_to_the_stack(fake_server: Program, options: list[str], passed: list[str]) -> None:
    assert started_with(fake_server, "up", *options) == passed


def test_data_directory_comes_from_the_environment_and_is_absolute(fake_server: Program) -> None:
    program = Program({**fake_server.environment, "VOICEMILL_DATA_DIR": "data"}, fake_server.directory)
    assert started_with(program, "up")[:2] == ["--data-dir", str(fake_server.directory / "data")]
