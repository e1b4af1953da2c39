"""Small checkpoints with random weights in published layouts, and the outputs of the original code (tests/fixtures)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import SynthesisEntry

FIXTURES = Path(__file__).parent / "fixtures"


def make_entry(**changes: Any) -> SynthesisEntry:
    """A synthesis entry for a family under test."""
    defaults = {"name": "under-test", "family": "tacotron2", "components": {}}
    return replace(Catalog().get("espeak", "tts"), **{**defaults, **changes})


def load_arrays(name: str, file: str) -> dict[str, np.ndarray]:
    """The arrays of `inputs.npz` or `expected.npz` of a fixture."""
    with np.load(FIXTURES / name / f"{file}.npz") as found:
        return {key: found[key] for key in found.files}


def read_shapes(name: str, file: str = "shapes.json") -> dict[str, list[int]]:
    """Names and shapes of the published size, as they are saved."""
    shapes: dict[str, list[int]] = json.loads((FIXTURES / name / file).read_text())
    return shapes


def read_folded_shapes(name: str, file: str = "shapes.json") -> dict[str, list[int]]:
    """Names and shapes of the published size, with each weight-norm pair folded into one weight."""
    return {
        key.removesuffix("_v") if key.endswith(".weight_v") else key: shape
        for key, shape in read_shapes(name, file).items()
        if not key.endswith(".weight_g")
    }


def build_without_weights(make: Callable[[], Any]) -> Any:
    """Build a module on the meta device, which needs no memory for weights."""
    import torch

    # torch takes seconds to draw random numbers for weights that have no memory.
    with torch.device("meta"), mock.patch("torch.nn.init.normal_", lambda tensor, *_, **__: tensor):
        return make()


def get_shapes(module: Any) -> dict[str, list[int]]:
    """Names and shapes of a module's tensors."""
    return {key: list(tensor.shape) for key, tensor in module.state_dict().items()}
