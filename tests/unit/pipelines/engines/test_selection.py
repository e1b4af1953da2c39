"""Devices by name, engines by entry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.engines.onnx_engine import onnx_session
from pipelines.engines.selection import Device, engine_of
from pipelines.engines.torch_engine import torch_device
from pipelines.entries import ENTRIES
from pipelines.errors import ModelUnavailable

ENTRY = replace(ENTRIES[0], engines=("torch", "onnx"))


@pytest.mark.parametrize(
    "name, device", [("cpu", Device("cpu")), ("cuda", Device("cuda")), ("cuda:3", Device("cuda", 3))]
)
def test_device_is_read_from_its_name(name, device):
    assert Device.of(name) == device


def test_first_engine_is_the_default_and_an_unlisted_one_is_refused():
    assert engine_of(ENTRY) == "torch"
    assert engine_of(replace(ENTRY, engine="onnx")) == "onnx"
    with pytest.raises(ModelUnavailable, match="it runs on: torch, onnx"):
        engine_of(replace(ENTRY, engine="tensorrt"))


def test_absent_cuda_is_refused_and_never_replaced_by_the_cpu(tmp_path):
    with pytest.raises(ModelUnavailable, match="sees no device cuda:99"):
        torch_device(ENTRY, "cuda:99")
    with pytest.raises(ModelUnavailable, match="onnxruntime"):
        onnx_session(ENTRY, tmp_path / "graph.onnx", "cuda")


def test_damaged_graph_is_refused_by_name(tmp_path):
    (tmp_path / "graph.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelUnavailable, match=r"graph\.onnx cannot be loaded"):
        onnx_session(ENTRY, tmp_path / "graph.onnx", "cpu")
