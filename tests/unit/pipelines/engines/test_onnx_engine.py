from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pipelines.engines.onnx_engine import create_session
from pipelines.errors import ModelUnavailable
from tests.checkpoints import make_entry


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A graph that doubles its input."""
    numbers = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("x", "y")]
    node = helper.make_node("Add", ["x", "x"], ["y"])
    model = helper.make_model(
        helper.make_graph([node], "double", numbers[:1], numbers[1:]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.save(model, str(tmp_path / "double.onnx"))
    return tmp_path / "double.onnx"


def test_session_computes_with_the_threads_of_the_entry(graph: Path) -> None:
    session = create_session(make_entry(threads=2), graph, "cpu")
    (doubled,) = session.run(None, {"x": np.array([1.5, -2.0], np.float32)})
    assert doubled.tolist() == [3.0, -4.0]
    assert session.get_session_options().intra_op_num_threads == 2


def test_damaged_graph_is_refused_by_its_name(graph: Path) -> None:
    graph.write_bytes(graph.read_bytes()[:20])
    with pytest.raises(ModelUnavailable, match=r"under-test: double\.onnx cannot be loaded"):
        create_session(make_entry(), graph, "cpu")


def test_missing_cuda_is_an_error_and_not_a_session_on_the_cpu(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ModelUnavailable, match="has no CUDA"):
        create_session(make_entry(), graph, "cuda:0")
