"""Measurements of an engine before it is chosen, on the published checkpoint of random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.entry import Entry
from pipelines.engines.ctranslate2_saturation import has_exact_int8_sums
from pipelines.engines.selection import PROBABILITY_LIMIT
from pipelines.families.whisper.accuracy import AccuracyCheck, ReferenceOutput
from pipelines.families.whisper.checkpoint import read_checkpoint
from pipelines.families.whisper.decoding import Encoded
from pipelines.families.whisper.engines.conversion import convert_to_ctranslate2, convert_to_reduced_range
from pipelines.families.whisper.engines.ctranslate2_model import CTranslate2Model
from pipelines.families.whisper.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def folder(entry: Entry, tokenizer: Tokenizer) -> Path:
    return convert_to_ctranslate2(entry, read_checkpoint(entry), tokenizer)


@pytest.fixture(scope="module")
def examination(tokenizer: Tokenizer) -> AccuracyCheck:
    return AccuracyCheck(tokenizer)


@pytest.fixture(scope="module")
def exact(entry: Entry, folder: Path) -> CTranslate2Model:
    return CTranslate2Model(entry, folder, "cpu", "float32")


@pytest.fixture(scope="module")
def encoded(examination: AccuracyCheck, exact: CTranslate2Model) -> Encoded:
    return examination.encode(exact, exact.bins)


@pytest.fixture(scope="module")
def reference(examination: AccuracyCheck, exact: CTranslate2Model, encoded: Encoded) -> ReferenceOutput:
    return examination.compute_reference(exact, encoded)


def test_reference_is_a_text_with_its_probabilities(reference: ReferenceOutput) -> None:
    assert len(reference.tokens) == len(reference.probabilities) > 20
    assert reference.probabilities.min() > 0 and reference.probabilities.max() <= 1


def test_reference_is_computed_once(
    examination: AccuracyCheck,
    reference: ReferenceOutput,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    computed = []

    def compute() -> ReferenceOutput:
        computed.append(reference)
        return reference

    kept = [examination.load_reference(folder, compute) for _ in range(2)]
    assert computed == [reference]
    for each in kept:
        assert each.tokens == reference.tokens and np.array_equal(each.probabilities, reference.probabilities)


def test_float32_has_no_error(
    examination: AccuracyCheck, exact: CTranslate2Model, encoded: Encoded, reference: ReferenceOutput
) -> None:
    assert examination.measure_error(exact, encoded, reference) == 0.0


def test_8_bits_are_within_the_limit_where_sums_are_exact_and_far_above_it_where_they_are_cut(
    entry: Entry, examination: AccuracyCheck, reference: ReferenceOutput, folder: Path
) -> None:
    full = CTranslate2Model(entry, folder, "cpu", "int8")
    error = examination.measure_error(full, examination.encode(full, full.bins), reference)
    assert (error <= PROBABILITY_LIMIT) == has_exact_int8_sums()
    assert has_exact_int8_sums() or error > 2 * PROBABILITY_LIMIT


def test_weights_of_7_bits_are_within_the_limit_and_alike_in_batches_on_every_processor(
    entry: Entry, examination: AccuracyCheck, reference: ReferenceOutput, folder: Path
) -> None:
    reduced = CTranslate2Model(entry, convert_to_reduced_range(entry, folder), "cpu", "int8_reduced_range")
    encoded = examination.encode(reduced, reduced.bins)
    assert examination.measure_error(reduced, encoded, reference) <= PROBABILITY_LIMIT
    assert reduced.decodes_in_batches and examination.is_equal_in_batches(reduced, encoded, 16)


def test_batches_that_change_a_window_are_noticed(
    examination: AccuracyCheck, exact: CTranslate2Model, encoded: Encoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate = CTranslate2Model.generate

    def changed(self: Any, encoded: Any, *args: Any, **options: Any) -> Any:
        return generate(self, encoded if len(encoded) == 1 else encoded[::-1], *args, **options)

    assert examination.is_equal_in_batches(exact, encoded, 4)
    monkeypatch.setattr(CTranslate2Model, "generate", changed)
    assert not examination.is_equal_in_batches(exact, encoded, 4)


def test_model_that_writes_nothing_has_no_error(
    examination: AccuracyCheck, exact: CTranslate2Model, encoded: Encoded
) -> None:
    assert examination.measure_error(exact, encoded, ReferenceOutput([], np.zeros(0))) == 0.0


def test_probability_that_is_no_number_counts_as_wholly_changed(
    examination: AccuracyCheck, exact: CTranslate2Model, encoded: Encoded, reference: ReferenceOutput
) -> None:
    damaged = ReferenceOutput(reference.tokens, np.full(len(reference.tokens), np.nan))
    assert examination.measure_error(exact, encoded, damaged) == 1.0
