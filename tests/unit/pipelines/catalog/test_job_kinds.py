"""The declarations of the job kinds."""

from __future__ import annotations

import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.job_kinds import ENGINE_MODULES, PIPELINES


@pytest.mark.parametrize("kind", PIPELINES)
def test_a_kind_loads_its_pipeline(kind: str) -> None:
    assert PIPELINES[kind].load().Request


def test_every_model_of_the_catalogue_works_for_some_kind() -> None:
    used = {kind for spec in PIPELINES.values() for kind in (spec.model_kind, *spec.helper_kinds)}
    assert {entry.kind for entry in Catalog()} == used


def test_only_a_synthesis_can_be_plain_text() -> None:
    assert PIPELINES["tts.synthesize"].is_plain_text({"text": "Good morning."})
    assert not PIPELINES["tts.synthesize"].is_plain_text({"text": None})
    assert not PIPELINES["stt.transcribe"].is_plain_text({"text": "Good morning."})


def test_rare_modules_are_imported_only_where_an_option_needs_them() -> None:
    spec = PIPELINES["stt.transcribe"]
    assert spec.imports_of({"diarize": True}) == ["sklearn.cluster", "sklearn.metrics"]
    assert spec.imports_of({"diarize": False}) == spec.imports_of({}) == []


@pytest.mark.parametrize("name", ENGINE_MODULES)
def test_engine_modules_exist(name: str) -> None:
    __import__(name)
