from __future__ import annotations

from pipelines.family import WordMark
from pipelines.text.symbol_times import word_times


def test_a_word_lasts_from_its_first_symbol_to_its_last() -> None:
    one, two = (0, 3), (5, 8)
    owners = [None, one, None, one, None, two, None]
    assert word_times(owners, [0.1, 0.2, 0.3, 0.5, 0.6, 0.9, 1.0]) == [
        WordMark(0, 3, 0.1, 0.5),
        WordMark(5, 8, 0.6, 0.9),
    ]


def test_nothing_said_has_no_marks() -> None:
    assert word_times([None, None], [0.5, 1.0]) == []
