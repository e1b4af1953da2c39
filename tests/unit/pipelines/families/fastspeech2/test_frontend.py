from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.errors import BadInput, ModelUnavailable
from pipelines.families.fastspeech2.frontend import Frontend
from tests.checkpoints import make_entry
from tests.speech_checkpoints import ARPABET_SYMBOLS

pytest.importorskip("espeakng_loader")


def make_frontend(folder: Path, *missing: str) -> Frontend:
    vocabulary = {symbol: number for number, symbol in enumerate(ARPABET_SYMBOLS) if symbol not in missing}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    return Frontend(make_entry(), folder)


def symbols(frontend: Frontend, text: str) -> list[str]:
    return [ARPABET_SYMBOLS[number] for number in frontend.encode(text).ids]


def test_words_are_arpabet_and_an_end_symbol_is_last(tmp_path: Path) -> None:
    assert symbols(make_frontend(tmp_path), "Cat.") == ["K", "AE1", "T", ".", "<sos/eos>"]


def test_each_symbol_has_the_span_of_its_word(tmp_path: Path) -> None:
    encoded = make_frontend(tmp_path).encode("A cat.")
    assert encoded.word_spans == ((0, 1), (2, 5), (2, 5), (2, 5), None, None)


def test_punctuation_is_replaced_by_that_of_the_vocabulary(tmp_path: Path) -> None:
    frontend = make_frontend(tmp_path)
    assert symbols(frontend, "cat; cat") == symbols(frontend, "cat, cat")
    assert ".." in symbols(frontend, "cat...")


def test_a_vowel_is_replaced_by_one_with_another_stress(tmp_path: Path) -> None:
    assert symbols(make_frontend(tmp_path, "AE1"), "cat")[1] == "AE0"


def test_a_phoneme_without_any_symbol_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no symbol for K"):
        make_frontend(tmp_path, "K").encode("cat")


def test_text_without_words_has_no_ids(tmp_path: Path) -> None:
    frontend = make_frontend(tmp_path)
    assert [frontend.encode(text).ids for text in ("", "…", "?!")] == [()] * 3


def test_a_vocabulary_without_an_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no ARPAbet"):
        make_frontend(tmp_path, "<sos/eos>")
