"""`voicemill audit`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.framework.cli.conftest import Program, started_with


@pytest.mark.parametrize("options", [[], ["--deep"]])
def test_options_are_passed_to_the_audit(fake_server: Program, options: list[str]) -> None:
    assert started_with(fake_server, "audit", *options) == options


def test_exit_code_is_that_of_the_audit(fake_server: Program, tmp_path: Path) -> None:
    (tmp_path / "installed" / "workers" / "maintenance" / "audit.py").write_text("raise SystemExit(7)")
    assert fake_server.run("audit").returncode == 7
