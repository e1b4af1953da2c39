from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.catalog.entry import Entry
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.families.whisper.checkpoint import read_checkpoint
from pipelines.families.whisper.decoding import DecodeAttempt
from pipelines.families.whisper.engines.conversion import convert_to_ctranslate2
from pipelines.families.whisper.engines.ctranslate2_model import CTranslate2Model
from pipelines.families.whisper.tokenizer import Tokenizer

PROMPT = [50258, 50259, 50359]


@pytest.fixture(scope="module")
def model(entry: Entry, tokenizer: Tokenizer) -> Iterator[CTranslate2Model]:
    folder = convert_to_ctranslate2(entry, read_checkpoint(entry), tokenizer)
    model = CTranslate2Model(replace(entry, threads=2), folder, "cpu", "float32")
    yield model
    model.close()


@pytest.fixture(scope="module")
def mels(model: CTranslate2Model) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(3, model.bins, 3_000)).astype(np.float32)


def tick() -> None:
    pass


def test_a_window_has_the_same_result_alone_and_beside_others(model: CTranslate2Model, mels: np.ndarray) -> None:
    encoded = model.encode(mels, tick)
    assert encoded.shape[:2] == (3, 1_500) and np.array_equal(model.encode(mels[1:2], tick)[0], encoded[1])
    options = {"limit": 5, "tick": tick}
    together = model.generate(encoded, [PROMPT] * 3, DecodeAttempt(), seeds=[0] * 3, **options)
    assert model.generate(encoded[1:2], [PROMPT], DecodeAttempt(), seeds=[0], **options) == together[1:2]
    assert model.detect_languages(encoded)[2] == model.detect_languages(encoded[2:])[0]


def test_no_text_is_longer_than_the_limit(model: CTranslate2Model, mels: np.ndarray) -> None:
    (decoded,) = model.generate(model.encode(mels[:1], tick), [PROMPT], DecodeAttempt(), limit=4, seeds=[0], tick=tick)
    assert len(decoded.tokens) <= 4 and decoded.logprob < 0 and 0 <= decoded.no_speech <= 1


def test_float32_is_decoded_window_by_window_and_integers_in_batches(model: CTranslate2Model) -> None:
    assert not model.decodes_in_batches
    assert model._split(3) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    model.decodes_in_batches = True
    try:
        assert model._split(3) == [slice(0, 1), slice(1, 3)]
    finally:
        model.decodes_in_batches = False


def test_an_error_of_the_library_is_an_engine_failure(model: CTranslate2Model) -> None:
    with pytest.raises(EngineFailure, match="failed on a window"):
        model.encode(np.zeros((1, model.bins + 1, 3_000), np.float32), tick)


def test_a_folder_without_a_model_is_refused(entry: Entry, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"model\.bin cannot be loaded"):
        CTranslate2Model(entry, tmp_path, "cpu", "float32")
