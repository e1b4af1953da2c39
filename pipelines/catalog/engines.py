"""The engines that entries name, and which of them compute on a GPU. Imports no engine."""

from __future__ import annotations

from collections.abc import Mapping

from .entry import Entry

#: Whether an engine can compute on a GPU. One that is not listed here, of a family in `models.toml`, decides itself.
USES_GPU: Mapping[str, bool] = {
    "bfloat16": True,
    "ctranslate2": True,
    "ctranslate2-float32": True,
    "ctranslate2-int8": True,
    "espeak-ng": False,
    "numpy": False,
    "onnx": True,
    "pocketsphinx": False,
    "torch": True,
    "torch-float32": True,
}


def can_use_gpu(entry: Entry) -> bool:
    """Whether one of the entry's engines may compute on a GPU."""
    return any(USES_GPU.get(engine, True) for engine in entry.engines)
