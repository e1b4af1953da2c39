from __future__ import annotations

from pipelines.text.words import bare, written_words


def test_words_stand_between_white_space_and_lose_the_punctuation_at_their_edges() -> None:
    text = "  “Don't,” she (Anna) said — हिन्दी!"
    assert [text[slice(*bare(text, *word))] for word in written_words(text)] == [
        "Don't",
        "she",
        "Anna",
        "said",
        "—",
        "हिन्दी",
    ]


def test_a_part_of_a_text_keeps_its_positions() -> None:
    assert list(written_words("one two three", 4, 9)) == [(4, 7), (8, 9)]
