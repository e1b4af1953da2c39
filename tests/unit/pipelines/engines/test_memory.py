from __future__ import annotations

import ctypes
from pathlib import Path

import psutil
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.engines import memory
from pipelines.engines.memory import HeapTrimmer, check_free_memory, measure_free_bytes
from pipelines.errors import ModelUnavailable

ENTRY = Catalog().get("whisper-large-v3", "stt")


def test_model_with_room_is_let_through() -> None:
    check_free_memory(ENTRY, "cpu", 1_000_000)


def test_model_without_room_is_refused_with_both_figures() -> None:
    with pytest.raises(
        ModelUnavailable, match=r"whisper-large-v3 is too large for cpu: it needs about 1000000\.0 GB and"
    ):
        check_free_memory(ENTRY, "cpu", 10**15)


def test_container_counts_for_less_than_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("2500000\n")
    (tmp_path / "memory.stat").write_text("anon 2000000\ninactive_file 400000\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert measure_free_bytes("cpu") == 900_000


@pytest.mark.parametrize("limit", ["max", ""])
def test_without_a_limit_the_machine_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    if limit:
        for name, text in (("memory.max", limit), ("memory.current", "5"), ("memory.stat", "anon 5")):
            (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    free = measure_free_bytes("cpu")
    assert free is not None and 0 < free <= psutil.virtual_memory().total


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc gives back what lies in between")
def test_freed_memory_goes_back_to_the_system_but_not_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def resident() -> int:
        return psutil.Process().memory_info().rss

    monkeypatch.setattr(memory, "_TRIM_EVERY_S", 1e9)
    freed = HeapTrimmer()
    # One in a hundred stays, so that the heap cannot shrink from its end.
    kept = [bytearray(b"x" * 100_000) for _ in range(1_500)][::100]
    before = resident()
    freed.trim()
    assert resident() > before - (20 << 20)
    monkeypatch.setattr(memory, "_TRIM_EVERY_S", 0.0)
    freed.trim()
    assert resident() < before - (80 << 20)
    assert len(kept) == 15
