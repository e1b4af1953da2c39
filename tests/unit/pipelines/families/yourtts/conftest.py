"""Sizes of a tiny YourTTS."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipelines.families.yourtts.dimensions import YourTtsDimensions
from tests.checkpoints import FIXTURES


@pytest.fixture(scope="package")
def dimensions() -> YourTtsDimensions:
    arguments = json.loads((FIXTURES / "yourtts" / "config.json").read_text())["model_args"]
    found = YourTtsDimensions.from_config(arguments)
    return replace(found, symbols=9, hidden=8, language=4, speaker=6, text_layers=2, text_heads=2, text_inner=12)
