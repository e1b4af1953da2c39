"""`voicemill worker`."""

from __future__ import annotations

import pytest

from tests.unit.framework.cli.conftest import Program, Voicemill, started_with


@pytest.mark.parametrize(
    "options",
    [
        ["--family", "whisper", "--device", "cuda:0", "--engines", "2", "--model", "whisper-base"],
        ["--family", "cpu"],
        ["--family", "cpu", "--data-dir", "/srv/voicemill"],
        ["--family", "tone", "--model", "tone", "--model", "tone-listener"],
    ],
)
def test_options_are_passed_to_the_worker(fake_server: Program, options: list[str]) -> None:
    assert started_with(fake_server, "worker", *options) == options


def test_worker_needs_a_family(voicemill: Voicemill) -> None:
    assert voicemill("worker").exit_code == 2
