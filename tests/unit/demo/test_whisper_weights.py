"""The demo takes Whisper where its weights lie in Hugging Face's cache, and fetches nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.catalog.catalog import Catalog

DEMO = Path(__file__).resolve().parents[3] / "demo"


def weights_here(cache: Path) -> str:
    """In a process of its own: where the cache is, that library asks once, when it is imported."""
    environment = {**os.environ, "HF_HUB_CACHE": str(cache), "PYTHONPATH": str(DEMO.parent)}
    program = "from whisper_weights import weights_here; print(weights_here())"
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, cwd=DEMO, capture_output=True, text=True, check=True).stdout.strip()


def put(cache: Path, model: str) -> None:
    """The model's folder as that library lays it out."""
    source = Catalog().get(model, "stt").source
    assert source is not None
    folder = cache / f"models--{source.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0123abc")
    (folder / "snapshots" / "0123abc").mkdir(parents=True)
    (folder / "snapshots" / "0123abc" / "model.bin").write_bytes(b"")


def test_without_weights_there_is_none(tmp_path: Path) -> None:
    assert weights_here(tmp_path) == "None"


def test_model_that_a_worker_would_have_to_fetch_first_is_not_taken(tmp_path: Path) -> None:
    put(tmp_path, "whisper-base")
    assert weights_here(tmp_path) == "None"


@pytest.mark.parametrize(
    ("models", "taken"), [(["whisper-tiny"], "whisper-tiny"), (["whisper-tiny", "whisper-base"], "whisper-base")]
)
def test_best_of_the_models_that_are_here_is_taken(tmp_path: Path, models: list[str], taken: str) -> None:
    for model in models:
        put(tmp_path, model)
    assert weights_here(tmp_path) == taken
