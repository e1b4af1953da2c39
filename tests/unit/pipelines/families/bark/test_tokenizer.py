from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.families.bark.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer(checkpoint_entry: Entry, checkpoint: Path) -> Tokenizer:
    return Tokenizer(checkpoint_entry, checkpoint)


def test_a_short_text_is_one_part(tokenizer: Tokenizer) -> None:
    assert len(list(tokenizer.encode_parts("One two.", None, 32))) == 1


@pytest.mark.parametrize("text", ["One, two, three, four. " * 8, "x" * 90], ids=["sentences", "one word"])
def test_no_part_has_more_ids_than_the_model_takes_and_none_is_lost(tokenizer: Tokenizer, text: str) -> None:
    parts = list(tokenizer.encode_parts(text, None, 20))
    assert len(parts) > 1 and max(map(len, parts)) <= 20
    words = [next(tokenizer.encode_parts(word, None, 99)) for word in text.split()]
    assert sum(map(len, parts)) == sum(map(len, words))


def test_text_without_letters_has_no_parts(tokenizer: Tokenizer) -> None:
    assert [list(tokenizer.encode_parts(text, None, 32)) for text in ("", " … ", "?!")] == [[]] * 3


def test_unknown_characters_are_replaced_or_left_out_with_a_warning(tokenizer: Tokenizer) -> None:
    assert list(tokenizer.encode_parts("cañon", None, 32)) == list(tokenizer.encode_parts("canon", None, 32))
    assert tokenizer.warnings("cañon") == ()
    assert list(tokenizer.encode_parts("a и b", None, 32)) == list(tokenizer.encode_parts("a b", None, 32))
    (warning,) = tokenizer.warnings("a и b")
    assert "'и' (CYRILLIC SMALL LETTER I)" in warning


def test_an_emotion_is_a_tag_before_the_text(tokenizer: Tokenizer) -> None:
    assert list(tokenizer.encode_parts("One.", "Happy", 32)) == list(tokenizer.encode_parts("[laughs] One.", None, 32))
    with pytest.raises(UnsupportedOption, match="sarcastic") as refused:
        list(tokenizer.encode_parts("One.", "sarcastic", 32))
    assert refused.value.field == "emotion"


def test_a_folder_without_a_tokenizer_is_refused(checkpoint_entry: Entry, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="holds no tokenizer"):
        Tokenizer(checkpoint_entry, tmp_path)
