"""pipelines/stt/text/pauses.py: phrases end where their words part."""

from __future__ import annotations

import pytest

from pipelines.family import Phrase, Word
from pipelines.stt.text.pauses import LONG_PAUSE_S, split_at_pauses


def phrase(text: str, *words: tuple[str, float, float]) -> Phrase:
    return Phrase(text, 0.5, 99.0, 0.8, tuple(Word(word, start, end, 0.9) for word, start, end in words))


def test_a_phrase_is_parted_where_nobody_speaks_for_long() -> None:
    recognised = phrase(
        "Good night. And good morning.",
        ("Good", 1, 1.5),
        ("night.", 1.5, 2),
        ("And", 40, 40.2),
        ("good", 40.2, 40.5),
        ("morning.", 50, 51),
    )
    parts = list(split_at_pauses(recognised))
    assert [(part.text, part.start, part.end) for part in parts] == [
        ("Good night.", 0.5, 2),
        ("And good", 40, 40.5),
        ("morning.", 50, 99.0),
    ]
    assert [word for part in parts for word in part.words] == list(recognised.words)
    assert {part.confidence for part in parts} == {0.8}


@pytest.mark.parametrize("pause", [0.0, LONG_PAUSE_S])
def test_a_shorter_pause_parts_nothing(pause: float) -> None:
    recognised = phrase("so there", ("so", 1, 2), ("there", 2 + pause, 3 + pause))
    assert list(split_at_pauses(recognised)) == [recognised]


def test_a_script_without_spaces_is_parted_between_its_words() -> None:
    recognised = phrase("你好再见", ("你好", 1, 2), ("再见", 30, 31))
    assert [part.text for part in split_at_pauses(recognised)] == ["你好", "再见"]


def test_a_phrase_without_words_or_with_others_than_its_text_stays_whole() -> None:
    for recognised in (phrase("so there"), phrase("so then", ("so", 1, 2), ("there", 30, 31))):
        assert list(split_at_pauses(recognised)) == [recognised]
