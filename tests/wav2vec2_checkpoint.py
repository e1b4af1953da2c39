"""The wav2vec2 with random weights of tests/fixtures, unchanged and changed, and the outputs of transformers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import RecognitionEntry

FOLDER = Path(__file__).parent / "fixtures" / "wav2vec2_random"


def make_entry(source: str | Path = FOLDER, **changes: Any) -> RecognitionEntry:
    """The entry of wav2vec2-base-960h with the weights of `source`."""
    changes = {"threads": 1, "engine": "torch-float32", **changes}
    return replace(Catalog().get("wav2vec2-base-960h", "stt"), source=str(source), **changes)


@cache
def load_expected() -> Mapping[str, np.ndarray]:
    """`logits` (1, 549, 32) of the whole of jfk.flac, `logits_batch` of two slices of it, `argmax_ids`, `text` …"""
    with np.load(FOLDER / "expected.npz") as file:
        return dict(file)


def write_wav2vec2(folder: Path, *, leave_out: tuple[str, ...] = (), **changed: Mapping[str, Any]) -> Path:
    """A copy without the files `leave_out`; `changed`: JSON files by stem, with changed values (None = removed)."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.iterdir():
        if path.name in leave_out or path.suffix == ".npz":
            continue
        if path.stem in changed and path.suffix == ".json":
            content = {**json.loads(path.read_text()), **changed[path.stem]}
            kept = {key: value for key, value in content.items() if value is not None}
            (folder / path.name).write_text(json.dumps(kept))
        else:
            shutil.copyfile(path, folder / path.name)
    return folder
