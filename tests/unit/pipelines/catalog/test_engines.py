"""Which entries may be asked for on a GPU."""

from __future__ import annotations

from dataclasses import replace

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.engines import USES_GPU, can_use_gpu
from pipelines.catalog.entries import ENTRIES


def test_every_engine_of_the_catalogue_says_whether_it_uses_a_gpu() -> None:
    assert {engine for entry in ENTRIES for engine in entry.engines} == set(USES_GPU)


def test_an_entry_can_use_a_gpu_if_one_of_its_engines_does() -> None:
    tone = Catalog().named("tone")
    assert not can_use_gpu(tone)
    assert can_use_gpu(replace(tone, engines=("numpy", "onnx")))


def test_an_engine_of_somebody_elses_family_decides_itself() -> None:
    assert can_use_gpu(replace(Catalog().named("tone"), engines=("theirs",)))
