"""What is measured of an engine before it is chosen, on the published checkpoint of random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.engines.ctranslate2_saturation import has_exact_int8_sums
from pipelines.engines.selection import PROBABILITY_LIMIT
from pipelines.entry import Entry
from pipelines.families.whisper.accuracy import Examination, Reference
from pipelines.families.whisper.checkpoint import opened
from pipelines.families.whisper.conversion import ctranslate2_folder, reduced_range_folder
from pipelines.families.whisper.ctranslate2_model import CTranslate2Model
from pipelines.families.whisper.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def folder(entry: Entry, tokenizer: Tokenizer) -> Path:
    return ctranslate2_folder(entry, opened(entry), tokenizer)


@pytest.fixture(scope="module")
def examination(tokenizer: Tokenizer) -> Examination:
    return Examination(tokenizer)


@pytest.fixture(scope="module")
def exact(entry: Entry, folder: Path) -> CTranslate2Model:
    return CTranslate2Model(entry, folder, "cpu", "float32")


@pytest.fixture(scope="module")
def reference(examination: Examination, exact: CTranslate2Model) -> Reference:
    return examination.run(exact, exact)


def test_reference_is_a_text_with_its_probabilities(reference: Reference) -> None:
    assert len(reference.tokens) == len(reference.probabilities) > 20
    assert reference.probabilities.min() > 0 and reference.probabilities.max() <= 1


def test_reference_is_computed_once(
    examination: Examination, reference: Reference, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    computed = []

    def compute() -> Reference:
        computed.append(reference)
        return reference

    kept = [examination.reference(folder, compute) for _ in range(2)]
    assert computed == [reference]
    for each in kept:
        assert each.tokens == reference.tokens and np.array_equal(each.probabilities, reference.probabilities)


def test_float32_has_no_error(examination: Examination, exact: CTranslate2Model, reference: Reference) -> None:
    assert examination.findings(exact, exact, reference, rows=3).error == 0.0


def test_8_bits_are_within_the_limit_where_sums_are_exact_and_far_above_it_where_they_are_cut(
    entry: Entry, examination: Examination, reference: Reference, folder: Path
) -> None:
    full = CTranslate2Model(entry, folder, "cpu", "int8")
    error = examination.findings(full, full, reference, rows=3).error
    assert error is not None and (error <= PROBABILITY_LIMIT) == has_exact_int8_sums()
    assert has_exact_int8_sums() or error > 2 * PROBABILITY_LIMIT


def test_weights_of_7_bits_are_within_the_limit_on_every_processor(
    entry: Entry, examination: Examination, reference: Reference, folder: Path
) -> None:
    reduced = CTranslate2Model(entry, reduced_range_folder(entry, folder), "cpu", "int8_reduced_range")
    found = examination.findings(reduced, reduced, reference, rows=16)
    assert found.error is not None and found.error <= PROBABILITY_LIMIT
    assert reduced.decodes_in_batches and found.is_alike_in_batches


def test_batches_that_change_a_window_are_noticed(
    examination: Examination, exact: CTranslate2Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate = CTranslate2Model.generate

    def changed(self: Any, encoded: Any, *args: Any, **options: Any) -> Any:
        return generate(self, encoded if len(encoded) == 1 else encoded[::-1], *args, **options)

    assert examination.findings(exact, exact, None, rows=4).is_alike_in_batches
    monkeypatch.setattr(CTranslate2Model, "generate", changed)
    assert not examination.findings(exact, exact, None, rows=4).is_alike_in_batches


def test_without_a_reference_there_is_no_error(examination: Examination, exact: CTranslate2Model) -> None:
    assert examination.findings(exact, exact, None, rows=3).error is None


def test_model_that_writes_nothing_has_no_error(examination: Examination, exact: CTranslate2Model) -> None:
    assert examination.findings(exact, exact, Reference([], np.zeros(0)), rows=3).error == 0.0


def test_probability_that_is_no_number_counts_as_wholly_changed(
    examination: Examination, exact: CTranslate2Model, reference: Reference
) -> None:
    damaged = Reference(reference.tokens, np.full(len(reference.tokens), np.nan))
    assert examination.findings(exact, exact, damaged, rows=3).error == 1.0
