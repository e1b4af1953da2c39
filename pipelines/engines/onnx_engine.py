"""ONNX Runtime as an engine: a session on a device with a given number of threads. Knows no model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

from .selection import Device


def create_session(entry: Entry, path: Path, device: str) -> Any:
    """An `onnxruntime.InferenceSession` of a graph file.

    Raises `ModelUnavailable` when the graph cannot be loaded, or when CUDA was requested and is not available: ONNX
    Runtime itself would use the CPU without an error.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    target = Device.parse(device)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = entry.threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait would occupy cores that other processes need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers: list[Any] = ["CPUExecutionProvider"]
    if target.kind == "cuda":
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise ModelUnavailable(
                "ONNX Runtime has no CUDA here: pip uninstall --yes onnxruntime && "
                "pip install --force-reinstall --no-deps 'onnxruntime-gpu>=1.31'."
            )
        providers = [("CUDAExecutionProvider", {"device_id": target.index}), *providers]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except (
        errors.Fail,
        errors.InvalidArgument,
        errors.InvalidGraph,
        errors.InvalidProtobuf,
        errors.NoSuchFile,
        errors.NotImplemented,
        errors.RuntimeException,
        RuntimeError,
    ) as error:
        raise ModelUnavailable(f"{entry.name}: {path.name} cannot be loaded by ONNX Runtime: {error}") from error
    if target.kind == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
        raise ModelUnavailable(f"{entry.name}: ONNX Runtime could not put {path.name} on {device}.")
    return session
