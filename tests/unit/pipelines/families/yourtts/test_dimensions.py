from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.families.yourtts.dimensions import YourTtsDimensions
from tests.checkpoints import FIXTURES

ARGUMENTS: dict[str, Any] = json.loads((FIXTURES / "yourtts" / "config.json").read_text())["model_args"]


def test_sizes_are_those_of_the_config() -> None:
    found = YourTtsDimensions.from_config(ARGUMENTS)
    assert found.symbols == ARGUMENTS["num_chars"]
    assert found.hidden == found.decoder.bins == ARGUMENTS["hidden_channels"]
    assert found.speaker == found.decoder.speaker == ARGUMENTS["d_vector_dim"]


def test_single_residual_blocks_have_two_convolutions() -> None:
    changes = {"resblock_type_decoder": "2", "resblock_dilation_sizes_decoder": [[1, 3, 5]] * 3}
    assert YourTtsDimensions.from_config({**ARGUMENTS, **changes}).decoder.block_dilations == ((1, 3),) * 3


def test_a_missing_size_is_named() -> None:
    without = {name: value for name, value in ARGUMENTS.items() if name != "num_layers_flow"}
    with pytest.raises(KeyError, match="num_layers_flow"):
        YourTtsDimensions.from_config(without)
