"""`voicemill migrate`."""

from __future__ import annotations

from tests.unit.framework.cli.conftest import Program, started_with


def test_migrations_are_started_without_arguments(fake_server: Program) -> None:
    assert started_with(fake_server, "migrate") == []
