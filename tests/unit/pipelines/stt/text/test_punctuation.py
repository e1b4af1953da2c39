"""pipelines/stt/text/punctuation.py: rules for those who write none, and none for those who want none."""

from __future__ import annotations

import pytest

from pipelines.family import Phrase, Word
from pipelines.stt.text.punctuation import adjust_punctuation


def make_phrase(text: str, start: float = 0.0) -> Phrase:
    words = tuple(Word(word, start + index, start + index + 1, 0.9) for index, word in enumerate(text.split()))
    return Phrase(text, start, start + len(words), 0.9, words)


def punctuated(*texts: str, pause_s: float = 1.0, language: str | None = "en") -> list[str]:
    """The texts as phrases with the same pause between them."""
    phrases: list[Phrase] = []
    for text in texts:
        phrases.append(make_phrase(text, phrases[-1].end + pause_s if phrases else 0.0))
    done = adjust_punctuation(phrases, wanted=True, written=False, language=language)
    assert [" ".join(word.word for word in phrase.words) for phrase in done] == [phrase.text for phrase in done]
    return [phrase.text for phrase in done]


@pytest.mark.parametrize(
    ("recognised", "written"),
    [
        ("hello world", "Hello world."),
        ("and then i said i'm here", "And then I said I'm here."),
        ("i", "I."),
        ("what is this?", "What is this?"),
        ("", ""),
        ("we met on monday in england", "We met on Monday in England."),
        ("it may march on", "It may march on."),
        ("stop. go on", "Stop. Go on."),
    ],
)
def test_english_gets_a_capital_an_i_and_a_full_stop(recognised: str, written: str) -> None:
    assert punctuated(recognised) == [written]


def test_a_sentence_ends_at_a_long_pause_and_goes_on_over_a_short_one() -> None:
    assert punctuated("he came", "she went", pause_s=0.9) == ["He came.", "She went."]
    assert punctuated("he came", "and went", pause_s=0.4) == ["He came", "and went."]


def test_nobody_ends_a_sentence_on_an_article() -> None:
    assert punctuated("i went to the", "shop", pause_s=2.0) == ["I went to the", "shop."]
    assert punctuated("ich war in der", "Stadt", pause_s=2.0, language="de-AT") == ["Ich war in der", "Stadt."]


def test_other_languages_keep_their_i_and_have_their_own_full_stop() -> None:
    assert punctuated("nebo i kdyby", language="cs") == ["Nebo i kdyby."]
    assert punctuated("你好", language="zh") == ["你好。"]
    assert punctuated("สวัสดี", language="th") == ["สวัสดี"]


def test_what_the_model_wrote_stays_when_it_is_wanted() -> None:
    phrase = make_phrase("Hello, World!")
    assert adjust_punctuation([phrase], wanted=True, written=True, language="en") == [phrase]


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("Hello, World!", "hello world"),
        ("Don't e-mail 3.5 me…", "don't e-mail 3.5 me"),
        ("— Why? —", "why"),
        ("20%, or 3.5%.", "20% or 3.5%"),
    ],
)
def test_punctuation_goes_when_it_is_not_wanted(written: str, bare: str) -> None:
    (phrase,) = adjust_punctuation([make_phrase(written)], wanted=False, written=True, language="en")
    assert phrase.text == bare
    assert " ".join(word.word for word in phrase.words) == bare


def test_phrase_of_nothing_but_punctuation_goes_with_it() -> None:
    assert adjust_punctuation([make_phrase("…")], wanted=False, written=True, language="en") == []


def test_a_model_without_punctuation_is_left_alone_when_none_is_wanted() -> None:
    phrase = make_phrase("hello world")
    assert adjust_punctuation([phrase], wanted=False, written=False, language="en") == [phrase]
