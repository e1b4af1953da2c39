"""Tokens of one window → phrases by the timestamps among them, and where to go on listening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .tokenizer import TIMESTAMP_S, Tokenizer

#: Less than this is not worth another listening, and cannot be told from the roughness of timestamps. Seconds.
_WORTH_S = 1.0


@dataclass(frozen=True, slots=True)
class Segment:
    """Text tokens between two timestamps, seconds from the start of what was decoded."""

    tokens: Sequence[int]
    start: float
    end: float


def segments_of(tokenizer: Tokenizer, tokens: Sequence[int], seconds: float) -> list[Segment]:
    """Phrases in order. Text that no timestamp closes reaches to the end, at `seconds`."""
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


def goes_on_at(tokenizer: Tokenizer, tokens: Sequence[int], seconds: float, limit: int) -> float | None:
    """Seconds from which the decoder must listen again to hear the rest; None when it has heard all.

    Two timestamps at the very end say that a phrase began and was not written; a text of `limit` tokens was cut off,
    and its last closed phrase is what is sure. (The original moves its window in the same places.)
    """
    marks = [at for at, token in enumerate(tokens) if token >= tokenizer.first_timestamp]
    began = len(marks) >= 2 and marks[-1] == len(tokens) - 1 and marks[-2] == len(tokens) - 2
    if not marks or not (began or len(tokens) >= limit):
        return None
    at = (tokens[marks[-1]] - tokenizer.first_timestamp) * TIMESTAMP_S
    return at if _WORTH_S <= at <= seconds - _WORTH_S else None


def closed(tokenizer: Tokenizer, tokens: Sequence[int]) -> list[int]:
    """The tokens up to the last timestamp: what comes behind it will be heard again."""
    last = max(at for at, token in enumerate(tokens) if token >= tokenizer.first_timestamp)
    return list(tokens[: last + 1])
