"""The pronunciation lexicons of books."""

from __future__ import annotations

import pytest

from pipelines.errors import UnreadableInput
from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.documents.pronunciation_lexicon import apply_lexicon, read_lexicon
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.style import SpokenForm

START = '<lexicon xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" version="1.0" xml:lang="en"'


def lexemes(content: str, alphabet: str = "ipa") -> dict[str, str]:
    return read_lexicon(f'{START} alphabet="{alphabet}">{content}</lexicon>'.encode())


def test_words_have_phonemes_or_other_words() -> None:
    assert lexemes(
        "<lexeme><grapheme>bass</grapheme><grapheme>Bass</grapheme><phoneme>beɪs</phoneme></lexeme>"
        "<lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme>"
    ) == {"bass": "/beɪs/", "Bass": "/beɪs/", "W3C": "World Wide Web Consortium"}


def test_the_preferred_pronunciation_is_taken_in_an_alphabet_that_is_known() -> None:
    assert lexemes(
        "<lexeme><grapheme>a</grapheme><phoneme>x</phoneme><phoneme prefer='true'>y</phoneme></lexeme>"
        "<lexeme><grapheme>b</grapheme><phoneme alphabet='x-arpabet'>B</phoneme><alias>bee</alias></lexeme>"
        "<lexeme><grapheme>c</grapheme><phoneme alphabet='other'>C</phoneme></lexeme><lexeme/>"
    ) == {"a": "/y/", "b": "bee"}
    assert lexemes("<lexeme><grapheme>bass</grapheme><phoneme>beIs</phoneme></lexeme>", "x-sampa") == {"bass": "/beɪs/"}


@pytest.mark.parametrize(("language", "count"), [(None, 1), ("en-GB", 1), ("de", 0)])
def test_a_lexicon_for_another_language_has_no_words(language: str | None, count: int) -> None:
    lexeme = "<lexeme><grapheme>a</grapheme><phoneme>x</phoneme></lexeme>"
    assert len(read_lexicon(f"{START}>{lexeme}</lexicon>".encode(), language)) == count


def test_a_word_keeps_its_first_pronunciation() -> None:
    lexeme = "<lexeme><grapheme>a</grapheme><phoneme>{}</phoneme></lexeme>"
    assert lexemes(lexeme.format("x") + lexeme.format("y")) == {"a": "/x/"}


@pytest.mark.parametrize("data", [b"", b"no xml", b"<html/>", b'<!DOCTYPE x [<!ENTITY a "b">]><lexicon>&a;</lexicon>'])
def test_what_is_no_lexicon_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableInput):
        read_lexicon(data)


def test_whole_words_get_spoken_forms_unless_they_have_some() -> None:
    own = SpokenForm(2, 6, "ipa", "bæs")
    text = AnnotatedText("a bass, basses, the bass’s BASS", spoken_forms=(own,))
    assert apply_lexicon(text, Lexicon({"bass": "/beɪs/", "the bass's": "its"})).spoken_forms == (
        own,
        SpokenForm(16, 26, "sub", "its"),
        SpokenForm(27, 31, "ipa", "beɪs"),
    )
    assert apply_lexicon(text, Lexicon({"none": "x"})) == text
