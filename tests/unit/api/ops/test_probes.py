"""Probes: a process lives while its dependencies are down, but is not ready."""

from __future__ import annotations

import pytest

from jobs.errors import StorageUnavailable, StoreUnavailable


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_healthy_process_is_alive_and_ready(anyone, path):
    answer = anyone.get(path)
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize("part", ["storage", "database"])
def test_an_outage_makes_a_process_unready_but_not_dead(anyone, services, monkeypatch, part):
    def down(_self):
        raise StorageUnavailable if part == "storage" else StoreUnavailable

    component, method = (services.storage, "check") if part == "storage" else (services.store.maintenance, "now_ms")
    monkeypatch.setattr(type(component), method, down)
    assert anyone.get("/livez").status_code == 200
    answer = anyone.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "down"})
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_look_at_no_key(anyone, path):
    assert anyone.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 200
