"""Rounds of follow-up chunks: numbering, and which part of an `idx` is the final one. Knows spans; nothing of parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from .pipeline import Sources, Span


def round_of(span: Span) -> int:
    """1 for a span of the plan; each follow-up has the next number."""
    return int(span.data.get("round", 1))


def previous_part_index(span: Span) -> int:
    """The source that is the part of the previous round: the inputs come first, then the parts of all rounds."""
    return len(span.inputs) + round_of(span) - 2


def next_round_span(span: Span, data: Mapping[str, Any], *, units: float = 0.0) -> Span:
    """The span of a follow-up for the same range of the input; `units` is what it adds to progress."""
    return Span(span.idx, span.start, span.end, units, {**data, "round": round_of(span) + 1}, span.inputs)


def final_parts(spans: Iterable[Span], parts: Sources) -> Iterator[tuple[Span, Path]]:
    """For each idx the span of its last round and its part, which replaces all earlier ones."""
    for _, rounds in groupby(enumerate(spans), key=lambda numbered: numbered[1].idx):
        *_, (k, span) = rounds
        yield span, parts(k)
