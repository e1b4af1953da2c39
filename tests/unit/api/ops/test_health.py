"""The health of the service by component."""

from __future__ import annotations

import pytest

from api.ops.health import HealthCheck, check_broker
from jobs.errors import BrokerUnavailable, StorageUnavailable, StoreUnavailable
from jobs.worker import WorkerInfo, WorkerRow


def test_components_are_checked_once_a_second(services, monkeypatch):
    checks, now = [], [0.0]
    monkeypatch.setattr(services.storage, "check", lambda: checks.append(now[0]))
    health = HealthCheck(services.store, services.storage, services.workers, clock=lambda: now[0])
    for now[0] in (0.0, 0.5, 0.99, 1.0, 1.5):
        health.check()
    assert checks == [0.0, 1.0]


@pytest.mark.parametrize("part", ["database", "storage"])
def test_service_is_down_with_one_of_its_components(services, monkeypatch, part):
    def down():
        raise StoreUnavailable if part == "database" else StorageUnavailable

    if part == "database":
        monkeypatch.setattr(services.store.maintenance, "now_ms", down)
    else:
        monkeypatch.setattr(services.storage, "check", down)
    found = HealthCheck(services.store, services.storage, services.workers).check()
    assert found.status == "down"
    assert {name for name, component in found.components.items() if component.status == "down"} == {part}


def test_workers_without_disk_space_degrade_the_service(services):
    for number in (1, 2):
        info = WorkerInfo(free_bytes=5 << 20, is_short_of_space=number == 2)
        services.store.workers.register(WorkerRow(f"a:b:w:{number}", ("cpu",), 1, "cpu", last_seen=0, info=info))
    found = HealthCheck(services.store, services.storage, services.workers).check()
    assert (found.status, found.components["disk"].status) == ("degraded", "degraded")
    assert "1 of 2 workers" in found.components["disk"].detail and "a:b:w:2 (5 MiB" in found.components["disk"].detail


def test_workers_whose_sandboxes_are_weak_degrade_the_service(services):
    for number, names in enumerate((["netns", "limits", "landlock", "seccomp"], ["limits", "hooks"], ["netns"])):
        info = WorkerInfo(restrictions=names)
        services.store.workers.register(WorkerRow(f"a:b:w:{number}", ("cpu",), 1, "cpu", last_seen=0, info=info))
    found = HealthCheck(services.store, services.storage, services.workers).check().components["sandbox"]
    assert found.status == "degraded"
    assert "a:b:w:1 (files, system calls)" in found.detail
    assert "a:b:w:0" not in found.detail and "a:b:w:2" not in found.detail


def test_lost_broker_is_no_more_than_degraded(dispatch, monkeypatch):
    assert check_broker(dispatch).status == "ok"

    def down():
        raise BrokerUnavailable

    monkeypatch.setattr(dispatch, "check", down)
    assert check_broker(dispatch).status == "degraded"
