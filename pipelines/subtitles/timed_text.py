"""The texts that cues are made of: words with the punctuation around them, their times and their widths.

Knows segments and columns; nothing of lines or cues.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from .timed_segment import TimedSegment

#: Between two characters where a word may be parted: behind a hyphen, a dash, a slash or a soft hyphen, and in scripts
#: without spaces between words, but not before closing punctuation or a combining mark.
_PARTING = re.compile(r"(?<=[-‐‑–—/\u00ad])(?=\w)")
_NO_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x9FFF),  # Chinese, Japanese
    (0xF900, 0xFAFF),
    (0xFF00, 0xFFEF),
    (0x20000, 0x3FFFF),
)


@dataclass(frozen=True, slots=True)
class TimedText:
    """A word, or a part of one, with its time."""

    text: str
    start: float
    end: float
    #: Whether a space precedes it: not so in Chinese, Japanese or Thai.
    has_space: bool
    #: Its columns.
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", display_width(self.text))


def display_width(text: str) -> int:
    """The columns of a text: wide East Asian characters have two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def timed_texts(segment: TimedSegment, columns: int) -> Iterator[TimedText]:
    """The segment's words, each with the punctuation of the text around it.

    Without timed words, those of the text, with times in proportion to their lengths. A word wider than `columns` comes
    in parts where its script or a hyphen parts it; otherwise it is whole, since a cut within a syllable cannot be read.
    """
    text = _printable(segment.text).strip()
    bounds = _find_bounds(text, [word.text for word in segment.words])
    if bounds is not None:
        for word, (start, end) in zip(segment.words, bounds, strict=True):
            part = text[start:end]
            yield from _split_wide(TimedText(" ".join(part.split()), word.start, word.end, part[:1].isspace()), columns)
        return
    seconds_each = (segment.end - segment.start) / max(1, len(text))
    at = 0
    for part in text.split():
        at = text.index(part, at)
        start_s = segment.start + at * seconds_each
        at += len(part)
        yield from _split_wide(TimedText(part, start_s, segment.start + at * seconds_each, True), columns)


def _printable(text: str) -> str:
    """The text without control characters, which players show as boxes or refuse."""
    return "".join(character for character in text if character.isspace() or unicodedata.category(character) != "Cc")


def _find_bounds(text: str, words: list[str]) -> list[tuple[int, int]] | None:
    """The range of each word in the text, with what follows up to the next word; None if a word is not in it."""
    starts: list[int] = []
    at = 0
    for word in words:
        found = text.find(word, at)
        if found < 0 or not word:
            return None
        starts.append(found if not starts else at)
        at = found + len(word)
        while at < len(text) and not text[at].isspace() and not text[at].isalnum():
            at += 1
    if not starts:
        return None
    starts[0] = 0
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _split_wide(token: TimedText, columns: int) -> Iterator[TimedText]:
    """The token, in parts where it is wider than a line and may be parted."""
    if display_width(token.text) <= columns:
        if token.text:
            yield token
        return
    parts = [""]
    for piece in _pieces(token.text):
        if parts[-1] and display_width(parts[-1] + piece) > columns:
            parts.append("")
        parts[-1] += piece
    step = (token.end - token.start) / len(parts)
    for index, text in enumerate(parts):
        start = token.start + index * step
        yield TimedText(text, start, start + step, token.has_space and index == 0)


def _pieces(word: str) -> Iterator[str]:
    """The smallest parts that a word may be parted into."""
    for part in _PARTING.split(word):
        at = 0
        for index in range(1, len(part)):
            if _may_part(part[index - 1], part[index]):
                yield part[at:index]
                at = index
        yield part[at:]


def _may_part(before: str, after: str) -> bool:
    if unicodedata.category(after) in ("Mn", "Mc", "Me", "Pe", "Pf", "Po") or unicodedata.category(before) in (
        "Ps",
        "Pi",
    ):
        return False
    return _has_no_spaces(before) or _has_no_spaces(after)


def _has_no_spaces(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _NO_SPACES)
