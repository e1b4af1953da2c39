"""The port and its implementation agree on more than a type checker looks at."""

from __future__ import annotations

import inspect

import pytest

from jobs.sql import SqlStore
from jobs.store import Store

METHODS = [name for name, member in vars(Store).items() if inspect.isfunction(member) and not name.startswith("_")]


@pytest.mark.parametrize("name", METHODS)
def test_arguments_have_the_names_and_defaults_of_the_port(name: str) -> None:
    port, real = (inspect.signature(getattr(owner, name)).parameters.values() for owner in (Store, SqlStore))
    assert [(each.name, each.kind, each.default) for each in port] == [(e.name, e.kind, e.default) for e in real]


def test_every_method_of_the_port_is_looked_at() -> None:
    assert len(METHODS) > 40
