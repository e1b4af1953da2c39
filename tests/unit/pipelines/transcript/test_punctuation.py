"""pipelines/transcript/punctuation.py: rules for those who write none, and none for those who want none."""

from __future__ import annotations

import pytest

from pipelines.family import Phrase, Word
from pipelines.transcript.punctuation import mended


def make_phrase(text: str) -> Phrase:
    words = tuple(Word(word, index, index + 1, 0.9) for index, word in enumerate(text.split()))
    return Phrase(text, 0.0, float(len(words)), 0.9, words)


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("hello world", "Hello world."),
        ("and then i said i'm here", "And then I said I'm here."),
        ("i", "I."),
        ("what is this?", "What is this?"),
        ("", ""),
    ],
)
def test_english_gets_a_capital_an_i_and_a_full_stop(heard: str, written: str) -> None:
    phrase = mended(make_phrase(heard), wanted=True, written=False, language="en")
    assert phrase.text == written
    assert " ".join(word.word for word in phrase.words) == written


def test_other_languages_keep_their_i() -> None:
    assert mended(make_phrase("nebo i kdyby"), wanted=True, written=False, language="cs").text == "Nebo i kdyby."


def test_what_the_model_wrote_stays_when_it_is_wanted() -> None:
    phrase = make_phrase("Hello, World!")
    assert mended(phrase, wanted=True, written=True, language="en") is phrase


@pytest.mark.parametrize(
    ("written", "bare"),
    [("Hello, World!", "hello world"), ("Don't e-mail 3.5 me…", "don't e-mail 3.5 me"), ("— Why? —", "why")],
)
def test_punctuation_goes_when_it_is_not_wanted(written: str, bare: str) -> None:
    phrase = mended(make_phrase(written), wanted=False, written=True, language="en")
    assert phrase.text == bare
    assert " ".join(word.word for word in phrase.words) == bare


def test_a_model_without_punctuation_is_left_alone_when_none_is_wanted() -> None:
    phrase = make_phrase("hello world")
    assert mended(phrase, wanted=False, written=False, language="en") is phrase
