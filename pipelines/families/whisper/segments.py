"""Split the tokens of a window into segments by their timestamps, and find where decoding has to continue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .tokenizer import TIMESTAMP_S, Tokenizer

#: Shortest remainder in seconds that is decoded: shorter ones are within the inaccuracy of timestamps.
_MIN_REMAINDER_S = 1.0
#: Seconds of the window behind a text that ends by itself from which they are decoded too: windows hold speech alone.
UNHEARD_S = 3.0


@dataclass(frozen=True, slots=True)
class Segment:
    """Text tokens between two timestamps, seconds from the start of what was decoded."""

    tokens: Sequence[int]
    start: float
    end: float


def split_segments(tokenizer: Tokenizer, tokens: Sequence[int], seconds: float) -> list[Segment]:
    """Segments in order. Text without a final timestamp ends at `seconds`."""
    found: list[Segment] = []
    start, text = 0.0, list[int]()
    for token in tokens:
        if token < tokenizer.end:
            text.append(token)
        elif token >= tokenizer.first_timestamp:
            at = min(seconds, (token - tokenizer.first_timestamp) * TIMESTAMP_S)
            if text:
                found.append(Segment(text, start, max(start, at)))
                text = []
            start = at
    if text:
        found.append(Segment(text, min(start, seconds), seconds))
    return found


def find_continuation(tokenizer: Tokenizer, tokens: Sequence[int], seconds: float, limit: int) -> float | None:
    """Seconds from which the rest must be decoded; None where the text is complete.

    Two timestamps at the very end mean that a segment began and was not decoded; a text of `limit` tokens was
    truncated after its last closed segment. (The original moves its window in the same cases.) The rest begins where
    that segment closed: the time at which the next one begins may be wrong, and what is skipped is lost.
    """
    positions = [at for at, token in enumerate(tokens) if token >= tokenizer.first_timestamp]
    has_begun = len(positions) >= 2 and positions[-1] == len(tokens) - 1 and positions[-2] == len(tokens) - 2
    if not positions or not (has_begun or len(tokens) >= limit):
        return None
    last = positions[-1]
    closing = last - 1 if last - 1 in positions else last
    at = (tokens[closing] - tokenizer.first_timestamp) * TIMESTAMP_S
    return at if _MIN_REMAINDER_S <= at <= seconds - _MIN_REMAINDER_S else None


def find_end(tokenizer: Tokenizer, tokens: Sequence[int], seconds: float) -> float | None:
    """The timestamp at which the text ends, where much of the window follows it; None where the text is complete.

    In a language that is not the request's, and where speakers change, models often end a text with its first
    sentences.
    """
    if len(tokens) < 2 or tokens[-1] < tokenizer.first_timestamp or tokens[-2] >= tokenizer.end:
        return None
    at = (tokens[-1] - tokenizer.first_timestamp) * TIMESTAMP_S
    return at if _MIN_REMAINDER_S <= at <= seconds - UNHEARD_S else None


def drop_open_segment(tokenizer: Tokenizer, tokens: Sequence[int]) -> list[int]:
    """The tokens up to the last timestamp; those after it will be decoded again."""
    last = max(at for at, token in enumerate(tokens) if token >= tokenizer.first_timestamp)
    return list(tokens[: last + 1])
