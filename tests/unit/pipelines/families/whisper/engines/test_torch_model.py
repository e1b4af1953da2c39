from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from pipelines.catalog.entry import Entry
from pipelines.families.whisper.checkpoint import read_checkpoint
from pipelines.families.whisper.decoding import DecodeAttempt, DecodedText
from pipelines.families.whisper.engines.torch_model import TorchModel
from pipelines.families.whisper.tokenizer import Tokenizer

PROMPT = [50258, 50259, 50359]
HOT = DecodeAttempt(temperature=1.0)


@pytest.fixture(scope="module")
def model(entry: Entry, tokenizer: Tokenizer) -> TorchModel:
    return TorchModel(entry, read_checkpoint(entry), tokenizer, "cpu")


@pytest.fixture(scope="module")
def encoded(model: TorchModel) -> Any:
    mels = np.random.default_rng(1).normal(size=(2, model.bins, 3_000)).astype(np.float32)
    return model.encoder.encode(mels, lambda: None)


def generate(model: TorchModel, encoded: Any, attempt: DecodeAttempt, *seeds: int) -> list[DecodedText]:
    prompts = [PROMPT] * len(seeds)
    return model.generate(encoded[: len(seeds)], prompts, attempt, limit=6, seeds=seeds, tick=lambda: None)


def test_seeds_decide_what_is_sampled(model: TorchModel, encoded: Any) -> None:
    assert generate(model, encoded, HOT, 1) == generate(model, encoded, HOT, 1, 2)[:1]
    assert generate(model, encoded, HOT, 1) != generate(model, encoded, HOT, 2)
    assert generate(model, encoded, DecodeAttempt(), 1) == generate(model, encoded, DecodeAttempt(), 2)


def test_suppressed_tokens_are_never_generated(model: TorchModel, encoded: Any, entry: Entry) -> None:
    checkpoint = read_checkpoint(entry)
    for seed in range(8):
        (decoded,) = generate(model, encoded, HOT, seed)
        assert not set(decoded.tokens) & set(checkpoint.suppressed)
        assert decoded.tokens[0] not in checkpoint.suppressed_first


def test_a_text_with_timestamps_begins_with_one_of_the_first_second(
    model: TorchModel, encoded: Any, tokenizer: Tokenizer
) -> None:
    (decoded,) = generate(model, encoded, HOT, 3)
    assert 0 <= decoded.tokens[0] - tokenizer.first_timestamp <= 50


def test_alignment_has_a_time_for_each_token_and_the_end(model: TorchModel, encoded: Any) -> None:
    texts = [[11, 12, 13], [14, 15]]
    for text, alignment in zip(texts, model.align(encoded, PROMPT, texts, [3_000, 400]), strict=True):
        assert len(alignment.times) == len(text) + 1 and len(alignment.probabilities) == len(text)
        assert (np.diff(alignment.times) >= 0).all()
    assert alignment.times[-1] <= 4.0


def test_rows_are_computed_one_by_one_on_a_cpu(model: TorchModel) -> None:
    assert model._split(2) == [slice(0, 1), slice(1, 2)]
    assert model.name == "torch/float32" and isinstance(
        model.encoder.encode(np.zeros((1, 80, 3_000), np.float32), lambda: None), torch.Tensor
    )
