"""The models that are loaded when a stack starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.errors import Misconfigured
from workers.stack.preloaded_models import models_by_family

_MINE = """
[[model]]
kind = "stt"
name = "mine"
family = "whisper"
target = "pipelines.families.whisper.loading:load"
engines = ["ctranslate2"]
languages = ["en"]
source = "/models/mine"
"""


def test_models_to_load_go_to_the_workers_of_their_families(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(_MINE)
    found = models_by_family(["mine", "tone", "whisper-base"], ["tone", "whisper"], tmp_path)
    assert found == {"whisper": ["mine", "whisper-base"], "tone": ["tone"]}
    assert models_by_family([], ["tone"], tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "message"), [("mine", "family whisper: add it to --families tone"), ("x", "no model 'x'")]
)
def test_model_that_no_family_serves_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "models.toml").write_text(_MINE)
    with pytest.raises(Misconfigured, match=message) as refused:
        models_by_family([name], ["tone"], tmp_path)
    assert refused.value.field == "--model"
