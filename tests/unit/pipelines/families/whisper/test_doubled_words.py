"""pipelines/families/whisper/doubled_words.py: words at the end of a text and at the start of its remainder."""

from __future__ import annotations

import pytest

from pipelines.families.whisper.doubled_words import drop_first_text, find_doubled
from pipelines.families.whisper.tokenizer import Tokenizer


@pytest.mark.parametrize(
    ("before", "after", "doubled"),
    [
        (" what you can do, ask", " Ask what you", [" Ask"]),
        (" the second one", " second one caused", [" second one"]),
        (" no no", " no no wait", [" no no", " no"]),
        (" the end.", " A new one", []),
        (" ask", " asked", []),
        ("", " ask", []),
        (" ask", "", []),
        (" wait...", " ...", []),
    ],
)
def test_words_at_both_sides_are_found_without_case_and_punctuation(
    tokenizer: Tokenizer, before: str, after: str, doubled: list[str]
) -> None:
    tokens = tokenizer.encode(after)
    found = find_doubled(tokenizer, tokenizer.encode(before), tokens, "en")
    assert [tokenizer.decode(tokens[:count]) for count in found] == doubled


def test_timestamps_stay_where_text_is_dropped(tokenizer: Tokenizer) -> None:
    first, last = tokenizer.first_timestamp, tokenizer.first_timestamp + 50
    assert drop_first_text(tokenizer, [first, 1, 2, 3, last], 2) == [first, 3, last]
    assert drop_first_text(tokenizer, [first, 1, last, last, 2], 1) == [first, last, last, 2]
