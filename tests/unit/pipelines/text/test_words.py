from __future__ import annotations

from pipelines.text.words import strip_punctuation, word_ranges


def test_words_stand_between_white_space_and_lose_the_punctuation_at_their_edges() -> None:
    text = "  “Don't,” she (Anna) said — हिन्दी!"
    assert [text[slice(*strip_punctuation(text, *word))] for word in word_ranges(text)] == [
        "Don't",
        "she",
        "Anna",
        "said",
        "—",
        "हिन्दी",
    ]


def test_a_part_of_a_text_keeps_its_positions() -> None:
    assert list(word_ranges("one two three", 4, 9)) == [(4, 7), (8, 9)]
