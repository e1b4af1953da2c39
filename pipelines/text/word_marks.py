"""Word marks: when each word of a text is spoken, computed from the durations of a model's symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: The word that a symbol belongs to, as characters [start, end) of the text; None for a pause, punctuation or a blank.
WordSpan = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class WordMark:
    """A spoken word: characters [start_char, end_char) of the request's text, seconds from its first sample."""

    start_char: int
    end_char: int
    start_s: float
    end_s: float


def build_word_marks(word_spans: Sequence[WordSpan], ends_s: Sequence[float]) -> list[WordMark]:
    """Marks in order, one for each word that has symbols: from the start of its first one to the end of its last.

    `word_spans` and `ends_s` (seconds from the first sample at which each symbol ends) are of one length.
    """
    found: dict[tuple[int, int], tuple[float, float]] = {}
    start = 0.0
    for word, end in zip(word_spans, ends_s, strict=True):
        if word is not None:
            first, _ = found.get(word, (start, end))
            found[word] = (first, end)
        start = end
    return [WordMark(*word, *found[word]) for word in sorted(found)]
