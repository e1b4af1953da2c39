"""How long a text is with its replacements."""

from __future__ import annotations

from pipelines.text.pronunciation.growth import (
    MAX_GROWTH,
    long_replacements,
    max_replaced_length,
    replaced_length,
)
from pipelines.text.pronunciation.lexicon import Lexicon


def test_each_word_counts_with_its_replacement_and_no_word_with_less_than_itself() -> None:
    words = Lexicon({"nginx": "engine x", "www": "w"})
    assert replaced_length(["nginx www", "nginx."], words) == len("engine x www") + len("engine x.")
    assert replaced_length(["plain"], Lexicon({})) == 5


def test_short_text_may_grow_as_a_chunk_may() -> None:
    assert max_replaced_length(10_000) == 10_000 * MAX_GROWTH
    assert max_replaced_length(5, chunk_characters=200) == 200 * MAX_GROWTH
    assert max_replaced_length(5) > 200 * MAX_GROWTH


def test_only_replacements_many_times_as_long_as_their_word_can_exceed_the_limit() -> None:
    assert long_replacements({"NASA": "n" * 33, "a": "b" * 8, "BBC": "bee bee see"}) == {"NASA": "n" * 33}
