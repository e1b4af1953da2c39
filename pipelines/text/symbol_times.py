"""Word marks from the durations of a model that says how long each of its symbols lasts. Knows symbols and seconds."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.family import WordMark

#: Which characters [start, end) of the text a symbol belongs to; None for a pause, a mark or a blank.
Owner = tuple[int, int] | None


def word_times(owners: Sequence[Owner], ends_s: Sequence[float]) -> list[WordMark]:
    """Marks in order, one for each word that has symbols: from the start of its first one to the end of its last.

    `owners` and `ends_s` (seconds from the first sample at which each symbol ends) are of one length.
    """
    found: dict[tuple[int, int], tuple[float, float]] = {}
    start = 0.0
    for owner, end in zip(owners, ends_s, strict=True):
        if owner is not None:
            first, _ = found.get(owner, (start, end))
            found[owner] = (first, end)
        start = end
    return [WordMark(*owner, *found[owner]) for owner in sorted(found)]
