from __future__ import annotations

from types import SimpleNamespace

from pipelines.family import EngineSelection, EngineTrial, engine_selection

TRIED = EngineSelection(0.02, [EngineTrial("int8", 0.09), EngineTrial("float32", 0.0)])


def test_the_chosen_engine_is_the_last_that_was_tried() -> None:
    assert TRIED.chosen.engine == "float32"


def test_a_selection_is_read_from_the_family_that_has_one() -> None:
    assert engine_selection(SimpleNamespace(selection=TRIED)) is TRIED
    assert engine_selection(SimpleNamespace(selection="fast")) is None
    assert engine_selection(object()) is None
