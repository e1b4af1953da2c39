"""Small checkpoints of random weights in published layouts, and what the originals made of them (tests/fixtures)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from pipelines.catalog.entries import ENTRIES
from pipelines.catalog.entry import Entry

FIXTURES = Path(__file__).parent / "fixtures"


def make_entry(**changes: Any) -> Entry:
    """A speech entry for a family under test."""
    return replace(ENTRIES[0], **{"name": "under-test", "family": "tacotron2", "components": {}, **changes})


def arrays(name: str, file: str) -> dict[str, np.ndarray]:
    """The arrays of `inputs` or `expected` of a fixture."""
    with np.load(FIXTURES / name / f"{file}.npz") as found:
        return {key: found[key] for key in found.files}


def written_shapes(name: str, file: str = "shapes.json") -> dict[str, list[int]]:
    """Names and shapes of the real size, as they were saved."""
    return json.loads((FIXTURES / name / file).read_text())


def plain_shapes(name: str, file: str = "shapes.json") -> dict[str, list[int]]:
    """Names and shapes of the real size, each pair of weight norm as the one weight that it stands for."""
    return {
        key.removesuffix("_v") if key.endswith(".weight_v") else key: shape
        for key, shape in written_shapes(name, file).items()
        if not key.endswith(".weight_g")
    }


def at_real_size(make: Callable[[], Any]) -> Any:
    """The module without memory for its weights."""
    import torch

    # Drawing numbers for weights that are not there takes torch seconds.
    with torch.device("meta"), mock.patch("torch.nn.init.normal_", lambda tensor, *_, **__: tensor):
        return make()


def shapes_of(module: Any) -> dict[str, list[int]]:
    """Names and shapes that a module wants."""
    return {key: list(tensor.shape) for key, tensor in module.state_dict().items()}
