"""Devices by name, engines by entry."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from pipelines.catalog.entries import ENTRIES
from pipelines.engines.onnx_engine import create_session
from pipelines.engines.selection import Device, resolve_engine, select_engine
from pipelines.engines.torch_engine import resolve_torch_device
from pipelines.errors import ModelUnavailable
from pipelines.family import EngineTrial

ENTRY = replace(ENTRIES[0], engines=("torch", "onnx"))


@pytest.mark.parametrize(
    "name, device", [("cpu", Device("cpu")), ("cuda", Device("cuda")), ("cuda:3", Device("cuda", 3))]
)
def test_device_is_read_from_its_name(name, device):
    assert Device.parse(name) == device


def test_first_engine_is_the_default_and_an_unlisted_one_is_refused():
    assert resolve_engine(ENTRY) == "torch"
    assert resolve_engine(replace(ENTRY, engine="onnx")) == "onnx"
    with pytest.raises(ModelUnavailable, match="it runs on: torch, onnx"):
        resolve_engine(replace(ENTRY, engine="tensorrt"))


def test_absent_cuda_is_refused_and_never_replaced_by_the_cpu(tmp_path):
    with pytest.raises(ModelUnavailable, match="sees no device cuda:99"):
        resolve_torch_device(ENTRY, "cuda:99")
    with pytest.raises(ModelUnavailable, match="onnxruntime"):
        create_session(ENTRY, tmp_path / "graph.onnx", "cuda")


def test_damaged_graph_is_refused_by_name(tmp_path):
    (tmp_path / "graph.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelUnavailable, match=r"graph\.onnx cannot be loaded"):
        create_session(ENTRY, tmp_path / "graph.onnx", "cpu")


class Loaded:
    """A model that remembers whether it was closed."""

    def __init__(self, engine, error):
        self.engine, self.error, self.is_closed = engine, error, False

    def close(self):
        self.is_closed = True


def chosen(**errors):
    """What is selected of engines with these errors; all that were loaded."""
    loaded = []

    def load(engine):
        loaded.append(Loaded(engine, errors[engine]))
        return loaded[-1]

    model, selection = select_engine(
        [partial(load, engine) for engine in errors], lambda model: model.error, limit=0.02
    )
    assert model is loaded[-1]
    assert [each.is_closed for each in loaded] == [True] * (len(loaded) - 1) + [False]
    return selection


def test_first_engine_within_the_limit_is_taken_and_no_further_one_loaded():
    selection = chosen(int8=0.09, reduced=0.02, float32=0.0)
    assert selection.candidates == [EngineTrial("int8", 0.09), EngineTrial("reduced", 0.02)]
    assert selection.chosen == EngineTrial("reduced", 0.02) and not selection.warning


def test_last_engine_is_taken_with_a_warning_where_none_is_within_the_limit():
    selection = chosen(int8=0.09, reduced=0.0213)
    assert selection.chosen.engine == "reduced"
    assert selection.warning.startswith("reduced is further from float32 than the limit: ")
    assert "instead of 0.020. Leave `engine` out in models.toml" in selection.warning


def test_engine_that_cannot_be_measured_is_chosen_with_a_warning():
    selection = chosen(int8=None, float32=0.0)
    assert selection.candidates == [EngineTrial("int8", None)]
    assert "int8 was not compared with float32" in selection.warning
