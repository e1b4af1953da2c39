"""Spans of several rounds: which round one is of, and which holds the end of its idx. Knows nothing of parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from .pipeline import Sources, Span


def round_of(span: Span) -> int:
    """1 for a span of the plan; one more for each time that a part asked for a follow-up."""
    return int(span.data.get("round", 1))


def part_before(span: Span) -> int:
    """The number of the source that is the part of the round before: inputs come first, then the parts in turn."""
    return len(span.inputs) + round_of(span) - 2


def next_round(span: Span, data: Mapping[str, Any], *, units: float = 0.0) -> Span:
    """The span of a follow-up on the same stretch; `units` is what it adds to progress."""
    return Span(span.idx, span.start, span.end, units, {**data, "round": round_of(span) + 1}, span.inputs)


def last_rounds(spans: Iterable[Span], parts: Sources) -> Iterator[tuple[Span, Path]]:
    """Each idx once: the span of its last round, and the part of that, which replaces all earlier ones."""
    for _, rounds in groupby(enumerate(spans), key=lambda numbered: numbered[1].idx):
        *_, (k, span) = rounds
        yield span, parts(k)
