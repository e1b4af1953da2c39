from __future__ import annotations

import dataclasses

import ctranslate2
import pytest

from pipelines.catalog import Catalog
from pipelines.engines.ctranslate2_engine import best_precision, placement
from pipelines.errors import ModelUnavailable

ENTRY = Catalog().get("whisper-tiny", "stt")


@pytest.mark.parametrize(("threads", "workers", "each"), [(1, 1, 1), (2, 2, 1), (3, 2, 1), (8, 2, 4)])
def test_threads_are_split_over_two_workers(threads: int, workers: int, each: int) -> None:
    placed = placement(dataclasses.replace(ENTRY, threads=threads), "cpu")
    assert (placed.workers, placed.threads, str(placed.device)) == (workers, each, "cpu")
    assert placed.precision in ctranslate2.get_supported_compute_types("cpu")


#: What CTranslate2 offers on a recent GPU, on one whose 16 bits are slow, and on one that multiplies no 8 bits.
RECENT = {"bfloat16", "float16", "float32", "int8", "int8_bfloat16", "int8_float16", "int8_float32"}
PASCAL = {"float32", "int8", "int8_float32"}
OLD = {"float32"}


@pytest.mark.parametrize(
    ("kind", "offered", "small", "best"),
    [
        ("cuda", RECENT, False, "float16"),
        ("cuda", RECENT, True, "int8_float16"),
        ("cuda", PASCAL, False, "float32"),
        ("cuda", PASCAL, True, "int8_float32"),
        ("cuda", OLD, False, "float32"),
        ("cuda", OLD, True, None),
        ("cpu", {"float32", "int8", "int8_float32"}, False, "int8"),
        ("cpu", {"float32", "int8", "int8_float32"}, True, "int8"),
        ("cpu", {"float32"}, False, "float32"),
    ],
)
def test_precision_is_the_best_that_is_offered_or_small_where_that_is_wanted(
    kind: str, offered: set[str], small: bool, best: str | None
) -> None:
    assert best_precision(kind, offered, small=small) == best


def test_device_without_8_bits_is_refused_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda kind, index: OLD)
    assert placement(ENTRY, "cpu").precision == "float32"
    with pytest.raises(ModelUnavailable, match="no weights of 8 bits on cpu, only float32: take another engine"):
        placement(ENTRY, "cpu", small=True)


def test_missing_gpu_is_refused() -> None:
    device = f"cuda:{ctranslate2.get_cuda_device_count()}"
    with pytest.raises(ModelUnavailable, match=f"sees no CUDA device {device}"):
        placement(ENTRY, device)
