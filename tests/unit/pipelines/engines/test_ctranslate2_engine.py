from __future__ import annotations

import dataclasses

import ctranslate2
import pytest

from pipelines.catalog import Catalog
from pipelines.engines.ctranslate2_engine import placement
from pipelines.errors import ModelUnavailable

ENTRY = Catalog().get("whisper-tiny", "stt")


@pytest.mark.parametrize(("threads", "workers", "each"), [(1, 1, 1), (2, 2, 1), (3, 2, 1), (8, 2, 4)])
def test_threads_are_split_over_two_workers(threads: int, workers: int, each: int) -> None:
    placed = placement(dataclasses.replace(ENTRY, threads=threads), "cpu")
    assert (placed.workers, placed.threads, str(placed.device)) == (workers, each, "cpu")
    assert placed.precision in ctranslate2.get_supported_compute_types("cpu")


def test_missing_gpu_is_refused() -> None:
    device = f"cuda:{ctranslate2.get_cuda_device_count()}"
    with pytest.raises(ModelUnavailable, match=f"sees no CUDA device {device}"):
        placement(ENTRY, device)
