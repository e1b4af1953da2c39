"""The ports and their implementation agree on more than a type checker looks at."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import pytest

from jobs.sql import SqlStore
from jobs.store import Store

PORTS = {
    name: get_type_hints(member.fget)["return"] for name, member in vars(Store).items() if isinstance(member, property)
}
METHODS = [
    (attribute, name)
    for attribute, port in PORTS.items()
    for name, member in vars(port).items()
    if inspect.isfunction(member) and not name.startswith("_")
]


@pytest.mark.parametrize(("attribute", "name"), METHODS)
def test_arguments_have_the_names_and_defaults_of_the_port(sqlite_store: SqlStore, attribute: str, name: str) -> None:
    port = list(inspect.signature(getattr(PORTS[attribute], name)).parameters.values())[1:]
    real = inspect.signature(getattr(getattr(sqlite_store, attribute), name)).parameters.values()
    assert [(each.name, each.kind, each.default) for each in port] == [(e.name, e.kind, e.default) for e in real]


def test_every_port_and_method_is_looked_at() -> None:
    assert len(PORTS) == 8
    assert len(METHODS) > 50
