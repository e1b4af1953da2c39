"""ONNX Runtime as an engine: a session on a device with a given number of threads. Knows no model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

from .selection import Device


def onnx_session(entry: Entry, path: Path, device: str) -> Any:
    """An `onnxruntime.InferenceSession` of a graph file.

    Raises `ModelUnavailable` when the graph cannot be loaded, or when CUDA was asked for and is not offered: ONNX
    Runtime itself would quietly use the CPU.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as refusals

    wanted = Device.of(device)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = entry.threads
    options.inter_op_num_threads = 1
    # Threads that wait by spinning take the cores of every other process of the machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers: list[Any] = ["CPUExecutionProvider"]
    if wanted.kind == "cuda":
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise ModelUnavailable(
                "ONNX Runtime has no CUDA here: pip uninstall --yes onnxruntime && "
                "pip install --force-reinstall --no-deps 'onnxruntime-gpu>=1.31'."
            )
        providers = [("CUDAExecutionProvider", {"device_id": wanted.index}), *providers]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except (
        refusals.Fail,
        refusals.InvalidArgument,
        refusals.InvalidGraph,
        refusals.InvalidProtobuf,
        refusals.NoSuchFile,
        refusals.NotImplemented,
        refusals.RuntimeException,
        RuntimeError,
    ) as error:
        raise ModelUnavailable(f"{entry.name}: {path.name} cannot be loaded by ONNX Runtime: {error}") from error
    if wanted.kind == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
        raise ModelUnavailable(f"{entry.name}: ONNX Runtime could not put {path.name} on {device}.")
    return session
