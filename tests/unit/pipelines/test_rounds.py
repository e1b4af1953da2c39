"""pipelines/rounds.py: rounds of follow-up chunks, and the final part of each idx."""

from __future__ import annotations

from pathlib import Path

from pipelines.pipeline import Span
from pipelines.rounds import final_parts, next_round_span, previous_part_index, round_of

FIRST = Span(3, 10.0, 20.0, 10.0, {"k": 1}, ("a", "b"))


def test_span_of_the_plan_is_round_one() -> None:
    assert round_of(FIRST) == 1


def test_next_round_keeps_range_and_inputs_and_replaces_the_data() -> None:
    second = next_round_span(FIRST, {"k": 2}, units=4.0)
    assert (second.idx, second.start, second.end, second.inputs) == (3, 10.0, 20.0, ("a", "b"))
    assert (second.units, second.data) == (4.0, {"k": 2, "round": 2})
    assert round_of(next_round_span(second, {})) == 3


def test_parts_of_earlier_rounds_follow_the_inputs_among_the_sources() -> None:
    second = next_round_span(FIRST, {})
    assert (previous_part_index(second), previous_part_index(next_round_span(second, {}))) == (2, 3)


def test_only_the_part_of_the_last_round_of_an_idx_is_read() -> None:
    second = next_round_span(FIRST, {})
    other = Span(4, 20.0, 30.0, 10.0)
    read: list[int] = []

    def parts(k: int) -> Path:
        read.append(k)
        return Path(str(k))

    assert list(final_parts([FIRST, second, other], parts)) == [(second, Path("1")), (other, Path("2"))]
    assert read == [1, 2]
