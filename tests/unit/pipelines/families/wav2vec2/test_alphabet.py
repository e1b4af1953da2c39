"""pipelines/families/wav2vec2/alphabet.py: what tokens stand for, in published vocabularies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import ModelUnavailable
from pipelines.families.wav2vec2.alphabet import Alphabet, read_alphabet
from tests.wav2vec2_checkpoint import FOLDER, make_entry


def read(folder: Path, vocabulary: dict[str, Any], size: int | None = None, **files: dict[str, Any]) -> Alphabet:
    for name, content in {"vocab": vocabulary, **files}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return read_alphabet(make_entry(folder), folder, {"vocab_size": size or len(vocabulary), "pad_token_id": 0})


def test_published_english_alphabet_is_written_small() -> None:
    alphabet = read_alphabet(make_entry(), FOLDER, {"vocab_size": 32, "pad_token_id": 0})
    assert [alphabet.decode(number) for number in (5, 27, 31)] == ["e", "'", "z"]
    assert alphabet.tokens[:4] == (None,) * 4 and alphabet.delimiter == 4 and not alphabet.has_lower_case


def test_alphabet_with_both_cases_is_written_as_it_is(tmp_path: Path) -> None:
    alphabet = read(tmp_path, {"[PAD]": 0, "|": 1, "Ä": 2, "ä": 3, "[UNK]": 4})
    assert alphabet.decode(2) == "Ä" and alphabet.has_lower_case and alphabet.tokens[4] is None


def test_other_word_delimiter_is_read_from_the_tokenizer(tmp_path: Path) -> None:
    settings = {"word_delimiter_token": {"content": "_"}, "pad_token": "<pad>"}
    alphabet = read(tmp_path, {"<pad>": 0, "_": 1, "a": 2}, tokenizer_config=settings)
    assert alphabet.delimiter == 1 and alphabet.is_spaced


def test_script_without_delimiter_has_none(tmp_path: Path) -> None:
    assert not read(tmp_path, {"<pad>": 0, "你": 1, "好": 2}).is_spaced


def test_marks_that_were_added_behind_the_models_tokens_are_left_out(tmp_path: Path) -> None:
    alphabet = read(tmp_path, {"<pad>": 0, "|": 1, "a": 2}, added_tokens={"<s>": 3, "</s>": 4})
    assert len(alphabet.tokens) == 3


def test_words_are_spelled_with_the_longest_tokens_in_either_case(tmp_path: Path) -> None:
    alphabet = read(tmp_path, {"<pad>": 0, "|": 1, "s": 2, "c": 3, "h": 4, "sch": 5, "A": 6})
    assert alphabet.encode("schas") == [5, 6, 2]
    assert alphabet.encode("naß") is None


@pytest.mark.parametrize(
    ("vocabulary", "reason"),
    [
        ({"eng": {"a": 1}, "deu": {"b": 1}}, "several languages"),
        ({"a": "one"}, "not a mapping"),
        ({}, "not a mapping"),
        ({"<pad>": 0, "<unk>": 1}, "no letters"),
    ],
)
def test_vocabulary_that_is_none_is_refused(tmp_path: Path, vocabulary: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelUnavailable, match=reason):
        read(tmp_path, vocabulary, size=5)
