from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.catalog.entry import Entry
from pipelines.engines.ctranslate2_file import read_model
from pipelines.engines.ctranslate2_saturation import REDUCED_RANGE
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.checkpoint import read_checkpoint
from pipelines.families.whisper.engines import conversion
from pipelines.families.whisper.engines.conversion import convert_to_ctranslate2, convert_to_reduced_range
from pipelines.families.whisper.tokenizer import Tokenizer


def test_a_published_checkpoint_is_converted_once(
    entry: Entry, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = read_checkpoint(entry)
    folder = convert_to_ctranslate2(entry, checkpoint, tokenizer)
    assert {"model.bin", "config.json", "tokenizer.json"} <= {path.name for path in folder.iterdir()}
    assert read_checkpoint(replace(entry, source=str(folder))).suppressed == checkpoint.suppressed
    monkeypatch.setattr(conversion, "load_module", None)
    assert convert_to_ctranslate2(entry, checkpoint, tokenizer) == folder


def test_a_checkpoint_of_ctranslate2_is_used_as_it_is(entry: Entry, tokenizer: Tokenizer) -> None:
    checkpoint = replace(read_checkpoint(entry), published=None)
    assert convert_to_ctranslate2(entry, checkpoint, tokenizer) == checkpoint.folder


def test_weights_of_the_reduced_range_fit_into_seven_bits(entry: Entry, tokenizer: Tokenizer) -> None:
    folder = convert_to_ctranslate2(entry, read_checkpoint(entry), tokenizer)
    reduced = convert_to_reduced_range(entry, folder)
    integers = [value for value in read_model(reduced / "model.bin").variables.values() if value.dtype == np.int8]
    matrices = [value for value in integers if value.ndim == 2]
    assert matrices and max(int(np.abs(value).max()) for value in matrices) == REDUCED_RANGE
    assert (reduced / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()


def test_a_damaged_model_is_refused(entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\6\0\0\0none")
    with pytest.raises(ModelUnavailable, match=r"model\.bin"):
        convert_to_reduced_range(entry, tmp_path)
