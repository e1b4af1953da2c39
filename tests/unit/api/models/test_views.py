"""The state of each model in the live workers."""

from __future__ import annotations

import pytest

from api.models.views import model_list
from jobs.worker import WorkerInfo, WorkerRow


def body(services, name, *, for_operator=True):
    return next(model for model in model_list(services, for_operator=for_operator).data if model.name == name)


@pytest.mark.parametrize(
    ("reported", "state", "workers"),
    [
        ([], "absent", 0),
        (["failed"], "failed", 0),
        (["failed", "downloading"], "downloading", 0),
        (["loading", "ready"], "ready", 1),
        (["ready", "warm", "failed"], "warm", 2),
    ],
)
def test_model_has_the_best_state_that_a_worker_reports(services, reported, state, workers):
    for number, each in enumerate(reported):
        info = WorkerInfo.from_json({"models": {"whisper-base": {"state": each}}})
        row = WorkerRow(id=f"a:b:w:{number}", queues=["stt.whisper"], slots=1, device="cpu", last_seen=0, info=info)
        services.store.workers.register(row)
    found = body(services, "whisper-base")
    assert (found.state, found.workers) == (state, workers)
    assert (found.install is None) is (workers > 0)
    assert body(services, "whisper-base", for_operator=False).install is None


def test_memory_is_the_sum_of_the_workers_that_report_it(services, worker):
    worker(
        "stt.whisper",
        models={"whisper-base": {"state": "warm", "memory_bytes": 100}, "whisper-tiny": {"state": "warm"}},
    )
    assert body(services, "whisper-base").memory_bytes == 100
    assert body(services, "whisper-tiny").memory_bytes is None


def test_list_of_a_kind_has_no_other(services):
    assert {model.kind for model in model_list(services, kind="stt").data} == {"stt"}
