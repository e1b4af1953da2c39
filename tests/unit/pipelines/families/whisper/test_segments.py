from __future__ import annotations

import pytest

from pipelines.families.whisper.segments import Segment, drop_open_segment, find_continuation, find_end, split_segments
from pipelines.families.whisper.tokenizer import Tokenizer


def at(seconds: float) -> int:
    """The timestamp's token."""
    return 50364 + round(seconds / 0.02)


def test_timestamps_cut_the_text(tokenizer: Tokenizer) -> None:
    tokens = [at(0), 1, 2, at(2.5), at(3), 3, at(4)]
    assert split_segments(tokenizer, tokens, 10.0) == [Segment([1, 2], 0.0, 2.5), Segment([3], 3.0, 4.0)]


def test_open_text_reaches_to_the_end_and_no_time_leaves_the_window(tokenizer: Tokenizer) -> None:
    assert split_segments(tokenizer, [at(1), 1, at(29), at(29), 2], 10.0) == [
        Segment([1], 1, 10.0),
        Segment([2], 10, 10),
    ]
    assert split_segments(tokenizer, [1, 2], 7.0) == [Segment([1, 2], 0.0, 7.0)]
    assert split_segments(tokenizer, [at(0), at(5)], 7.0) == []


@pytest.mark.parametrize(
    ("tokens", "limit", "on"),
    [
        ([at(0), 1, at(5), at(5)], 200, 5.0),
        ([at(0), 1, at(5)], 200, None),
        ([at(0), 1, at(5), at(5), 2], 200, None),
        ([at(0), 1, at(5), at(8)], 200, 5.0),
        ([at(0), 1, at(5), at(5), 2], 5, 5.0),
        ([at(0), 1, at(9.5), at(9.5)], 200, None),
        ([at(0), at(0)], 200, None),
        ([1, 2, 3], 3, None),
    ],
    ids=[
        "a phrase began and was not written",
        "all was heard",
        "open text is kept",
        "a pause behind the last phrase",
        "cut off at the limit",
        "too little is left",
        "no way forward",
        "no timestamps",
    ],
)
def test_decoding_continues_where_the_text_breaks_off(
    tokenizer: Tokenizer, tokens: list[int], limit: int, on: float | None
) -> None:
    assert find_continuation(tokenizer, tokens, 10.0, limit) == on


def test_tokens_after_the_last_timestamp_are_dropped(tokenizer: Tokenizer) -> None:
    assert drop_open_segment(tokenizer, [at(0), 1, at(5), at(5), 2]) == [at(0), 1, at(5), at(5)]


@pytest.mark.parametrize(
    ("tokens", "end"),
    [
        ([at(0), 1, at(5)], 5.0),
        ([at(0), 1, at(7.2)], None),
        ([at(0), 1, at(0.5)], None),
        ([at(0), 1, at(5), at(5)], None),
        ([at(0), 1], None),
        ([1], None),
        ([], None),
    ],
    ids=["much follows", "little follows", "no way forward", "it breaks off", "open text", "no timestamps", "no text"],
)
def test_text_that_ends_long_before_its_window_is_found(
    tokenizer: Tokenizer, tokens: list[int], end: float | None
) -> None:
    assert find_end(tokenizer, tokens, 10.0) == end
