"""One checkpoint of random weights for the tests of Bark's modules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from tests.speech_checkpoints import write_bark


@pytest.fixture(scope="package")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return write_bark(tmp_path_factory.mktemp("checkpoint") / "model")


@pytest.fixture(scope="package")
def checkpoint_entry(checkpoint: Path) -> Entry:
    return replace(Catalog().get("bark", "tts"), source=str(checkpoint), threads=1)


@pytest.fixture(scope="package")
def model(checkpoint: Path) -> Any:
    from transformers import BarkModel

    return BarkModel.from_pretrained(checkpoint, local_files_only=True).eval()
