"""The demo uses Whisper if its weights are in Hugging Face's cache, and downloads nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.catalog.catalog import Catalog

DEMO = Path(__file__).resolve().parents[3] / "demo"


def find_cached_model(cache: Path) -> str:
    """In a process of its own: the library reads the cache's location once, when it is imported."""
    environment = {**os.environ, "HF_HUB_CACHE": str(cache), "PYTHONPATH": str(DEMO.parent)}
    program = "from whisper_weights import find_cached_model; print(find_cached_model())"
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, cwd=DEMO, capture_output=True, text=True, check=True).stdout.strip()


def cache_weights(cache: Path, model: str) -> None:
    """The model's folder as that library lays it out."""
    source = Catalog().get(model, "stt").source
    assert source is not None
    folder = cache / f"models--{source.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0123abc")
    (folder / "snapshots" / "0123abc").mkdir(parents=True)
    (folder / "snapshots" / "0123abc" / "model.bin").write_bytes(b"")


def test_without_weights_there_is_none(tmp_path: Path) -> None:
    assert find_cached_model(tmp_path) == "None"


def test_model_whose_worker_would_download_another_is_not_used(tmp_path: Path) -> None:
    cache_weights(tmp_path, "whisper-base")
    assert find_cached_model(tmp_path) == "None"


@pytest.mark.parametrize(
    ("models", "best"), [(["whisper-tiny"], "whisper-tiny"), (["whisper-tiny", "whisper-base"], "whisper-base")]
)
def test_best_cached_model_is_used(tmp_path: Path, models: list[str], best: str) -> None:
    for model in models:
        cache_weights(tmp_path, model)
    assert find_cached_model(tmp_path) == best
