"""Which workers have registered while a stack starts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from workers.stack.reported_workers import ReportedWorkers


def test_workers_are_missing_until_they_have_registered() -> None:
    live = [SimpleNamespace(id="inst:host:cpu:1"), SimpleNamespace(id="inst:fe80::1:tts.espeak:2")]
    store: Any = SimpleNamespace(workers=SimpleNamespace(list_live=lambda: live))
    reported = ReportedWorkers(store)
    assert reported.check("cpu") == reported.check("espeak") == ""
    assert reported.check("pocketsphinx") == "has not reported to the database"
