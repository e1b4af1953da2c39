from __future__ import annotations

from pipelines.text.word_marks import WordMark, build_word_marks


def test_a_word_lasts_from_its_first_symbol_to_its_last() -> None:
    one, two = (0, 3), (5, 8)
    word_spans = [None, one, None, one, None, two, None]
    assert build_word_marks(word_spans, [0.1, 0.2, 0.3, 0.5, 0.6, 0.9, 1.0]) == [
        WordMark(0, 3, 0.1, 0.5),
        WordMark(5, 8, 0.6, 0.9),
    ]


def test_nothing_said_has_no_marks() -> None:
    assert build_word_marks([None, None], [0.5, 1.0]) == []
