from __future__ import annotations

import dataclasses
from typing import Any

import ctranslate2
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.engines import ctranslate2_engine
from pipelines.engines.ctranslate2_engine import (
    filter_precisions,
    has_exact_sums,
    list_precisions,
    resolve_placement,
    to_compute_type,
)
from pipelines.errors import ModelUnavailable

ENTRY = Catalog().get("whisper-tiny", "stt")


@pytest.mark.parametrize(("threads", "workers", "each"), [(1, 1, 1), (2, 2, 1), (3, 2, 1), (8, 2, 4)])
def test_threads_are_split_over_two_workers(threads: int, workers: int, each: int) -> None:
    placed = resolve_placement(dataclasses.replace(ENTRY, threads=threads), "cpu")
    assert (placed.workers, placed.threads, str(placed.device)) == (workers, each, "cpu")


#: What CTranslate2 offers on a recent GPU, on one whose 16 bits are slow, and on one that multiplies no 8 bits.
RECENT = {"bfloat16", "float16", "float32", "int8", "int8_bfloat16", "int8_float16", "int8_float32"}
PASCAL = {"float32", "int8", "int8_float32"}
OLD = {"float32"}


@pytest.mark.parametrize(
    ("kind", "offered", "wish", "found"),
    [
        ("cuda", RECENT, None, ["float16", "int8_float16", "float32"]),
        ("cuda", RECENT, "int8", ["int8_float16"]),
        ("cuda", RECENT, "float32", ["float32"]),
        ("cuda", PASCAL, None, ["float32"]),
        ("cuda", PASCAL, "int8", ["int8_float32"]),
        ("cuda", OLD, "int8", []),
        ("cpu", {"float32", "int8", "int8_float32"}, None, ["int8", "float32"]),
        ("cpu", {"float32", "int8", "int8_float32"}, "int8", ["int8"]),
        ("cpu", {"float32", "int8", "int8_float32"}, "float32", ["float32"]),
        ("cpu", {"float32"}, None, ["float32"]),
    ],
)
def test_precisions_are_those_that_are_offered_and_wished_for_best_first(
    kind: str, offered: set[str], wish: Any, found: list[str]
) -> None:
    assert filter_precisions(kind, offered, wish) == found


@pytest.mark.parametrize(("exact", "name"), [(True, "int8"), (False, "int8_reduced_range")])
def test_weights_have_7_bits_where_the_processor_cuts_sums(
    monkeypatch: pytest.MonkeyPatch, exact: bool, name: str
) -> None:
    monkeypatch.setattr(ctranslate2_engine, "has_exact_int8_sums", lambda: exact)
    assert list_precisions(ENTRY, "cpu") == [name, "float32"]
    assert list_precisions(ENTRY, "cpu", "int8") == [name]
    assert list_precisions(ENTRY, "cpu", "float32") == ["float32"]
    assert to_compute_type(name) == "int8" and has_exact_sums(name)


def test_device_without_8_bits_is_refused_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda kind, index: OLD)
    assert list_precisions(ENTRY, "cpu") == ["float32"]
    with pytest.raises(ModelUnavailable, match="no weights of 8 bits on cpu, only float32: take another engine"):
        list_precisions(ENTRY, "cpu", "int8")


def test_missing_gpu_is_refused() -> None:
    device = f"cuda:{ctranslate2.get_cuda_device_count()}"
    for refused in (resolve_placement, list_precisions):
        with pytest.raises(ModelUnavailable, match=f"sees no CUDA device {device}"):
            refused(ENTRY, device)
