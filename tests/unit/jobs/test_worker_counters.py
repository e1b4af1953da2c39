"""What a worker counts, and its JSON."""

from __future__ import annotations

import threading

import pytest

from jobs.worker import WorkerInfo
from jobs.worker_counters import CHUNKS, COUNTERS, RESCUES, CounterValue, WorkerCounters


def test_sums_are_kept_by_label() -> None:
    counters = WorkerCounters()
    counters.add(CHUNKS, "espeak", "work", "succeeded")
    counters.add(CHUNKS, "espeak", "work", "succeeded", value=2.0)
    counters.add(CHUNKS, "espeak", "plan", "retry")
    found = {(each.name, each.labels): each.value for each in counters.values()}
    assert found[CHUNKS.name, ("espeak", "work", "succeeded")] == 3
    assert found[CHUNKS.name, ("espeak", "plan", "retry")] == 1
    assert found[RESCUES.name, ()] == 0  # nothing was counted yet, and that is shown


def test_no_addition_of_a_thread_is_lost() -> None:
    counters = WorkerCounters()
    threads = [threading.Thread(target=lambda: [counters.add(RESCUES) for _ in range(1000)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.value for each in counters.values() if each.name == RESCUES.name] == [8000]


def test_sums_survive_their_json() -> None:
    counters = WorkerCounters()
    counters.add(CHUNKS, "espeak", "work", "succeeded")
    info = WorkerInfo(counters=tuple(counters.values()))
    assert WorkerInfo.from_json(info.to_json()) == info


@pytest.mark.parametrize(
    "value", [None, 3, [], ["unknown", [], 1.0], [CHUNKS.name, ["too few"], 1.0], [CHUNKS.name, "abc", 1.0]]
)
def test_a_value_of_another_version_is_ignored(value: object) -> None:
    assert CounterValue.from_json(value) is None
    assert WorkerInfo.from_json({"counters": [value]}).counters == ()


def test_names_and_help_texts_are_of_the_form_that_prometheus_expects() -> None:
    assert len({counter.name for counter in COUNTERS}) == len(COUNTERS)
    for counter in COUNTERS:
        assert counter.name.startswith("voicemill_") and not counter.name.endswith("_total")
        assert counter.documentation.endswith(".")
