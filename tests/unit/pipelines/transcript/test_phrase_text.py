"""pipelines/transcript/phrase_text.py: a phrase is cut as it was written."""

from __future__ import annotations

import pytest

from pipelines.transcript.phrase_text import split_text


@pytest.mark.parametrize(
    ("text", "words", "parts"),
    [
        ("yes but never", ["yes", "but", "never"], ["yes but", "never"]),
        ("你好吗我很好", ["你好", "吗", "我很好"], ["你好吗", "我很好"]),
        ("iPhone 很好 用", ["iPhone", "很好", "用"], ["iPhone 很好", "用"]),
        ("Well – yes, (never)!", ["Well", "yes", "never"], ["Well – yes,", "(never)!"]),
        ("so so so", ["so", "so", "so"], ["so so", "so"]),
    ],
)
def test_parts_have_the_spaces_and_signs_of_the_whole(text: str, words: list[str], parts: list[str]) -> None:
    assert split_text(text, words, [0, 2, 3]) == parts
    assert split_text(text, words, [0, 3]) == [text]


@pytest.mark.parametrize("words", [["yes", "no"], ["but", "never"], ["yes", "but"], ["never", "yes", "but"]])
def test_words_that_are_not_those_of_the_text_cut_nothing(words: list[str]) -> None:
    assert split_text("yes but never", words, [0, 1, len(words)]) is None
