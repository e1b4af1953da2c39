"""Subtitles: segments cut into cues that can be read, and the SubRip and WebVTT ways of writing them.

A cue has two lines of 42 columns at most. Knows segments and their words; nothing of jobs or files.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

COLUMNS = 42
LINES = 2
#: A cue ends at a pause longer than this, or once it has been shown so long; both in seconds.
_PAUSE_S = 0.8
_LONGEST_S = 7.0
#: Subtitles flash by unreadably under this; a cue borrows from the pause behind it.
_SHORTEST_S = 1.0
_SENTENCE_ENDS = tuple(".!?…。！？")


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines shown from `start` to `end` (seconds)."""

    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: float
    end: float
    #: Whether a space stands before it: not so in Chinese, Japanese or Thai.
    spaced: bool


class CueStream:
    """Segments in, cues out, in order of time. A cue waits for the next one, to know how long it may stay."""

    def __init__(self) -> None:
        self._held: Cue | None = None

    def push(self, segment: dict[str, Any]) -> Iterator[Cue]:
        """The cues that this segment completes."""
        for cue in _of_segment(segment):
            if self._held is not None:
                yield _lengthened(self._held, cue.start)
            self._held = cue

    def finish(self) -> Iterator[Cue]:
        """The last cue."""
        if self._held is not None:
            yield _lengthened(self._held, self._held.start + _SHORTEST_S)
            self._held = None


def srt(number: int, cue: Cue) -> str:
    """One cue of a SubRip file, numbered from 1. The speaker stands in brackets: the format has no place for it."""
    lines = list(cue.lines)
    if cue.speaker:
        lines[0] = f"[{cue.speaker}] {lines[0]}"
    text = "\n".join(line.replace("-->", "→") for line in lines)
    return f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{text}\n\n"


def vtt(cue: Cue) -> str:
    """One cue of a WebVTT file; `VTT_HEADER` stands at the file's start."""
    text = "\n".join(_escaped(line) for line in cue.lines)
    if cue.speaker:
        text = f"<v {_escaped(cue.speaker)}>{text}"
    return f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{text}\n\n"


VTT_HEADER = "WEBVTT\n\n"


def width(text: str) -> int:
    """Columns that a text takes: wide East Asian characters two, combining marks none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _of_segment(segment: dict[str, Any]) -> Iterator[Cue]:
    groups: list[list[_Token]] = []
    for token in _tokens(segment):
        if not groups or _is_full(groups[-1], token):
            groups.append([])
        groups[-1].append(token)
    for earlier, later in itertools.pairwise(groups):
        _even_out(earlier, later)
    for group in groups:
        yield _cue(group, segment)


def _is_full(group: list[_Token], token: _Token) -> bool:
    return (
        token.start - group[-1].end > _PAUSE_S
        or token.end - group[0].start > _LONGEST_S
        or len(_lines([*group, token])) > LINES
        # A sentence that ends past the middle of a cue ends the cue.
        or (group[-1].text[-1:] in _SENTENCE_ENDS and len(_lines(group)) == LINES)
    )


def _even_out(earlier: list[_Token], later: list[_Token]) -> None:
    """Move words from a full cue to a stub of one that follows at once: a last word alone flashes by."""
    while len(earlier) > 1 and later[0].start - earlier[-1].end <= _PAUSE_S:
        grown = [earlier[-1], *later]
        if earlier[-1].text[-1:] in _SENTENCE_ENDS or _columns(grown) > _columns(earlier[:-1]):
            return
        if len(_lines(grown)) > LINES or grown[-1].end - grown[0].start > _LONGEST_S:
            return
        later.insert(0, earlier.pop())


def _columns(tokens: list[_Token]) -> int:
    return sum(width(token.text) + token.spaced for token in tokens)


def _cue(group: list[_Token], segment: dict[str, Any]) -> Cue:
    return Cue(group[0].start, group[-1].end, tuple(_balanced(group)), segment.get("speaker"))


def _tokens(segment: dict[str, Any]) -> Iterator[_Token]:
    """The segment's words, each with the punctuation that the text has around it; without words, the text's own words
    with its time shared out among them by length."""
    text = segment["text"].strip()
    words = segment.get("words") or []
    bounds = _bounds(text, [word["word"] for word in words])
    if words and bounds is not None:
        for word, (start, end) in zip(words, bounds, strict=True):
            piece = text[start:end]
            yield from _fitting(_Token(piece.strip(), word["start"], word["end"], piece[:1].isspace()))
        return
    seconds_each = (segment["end"] - segment["start"]) / max(1, len(text))
    at = 0
    for part in text.split():
        at = text.index(part, at)
        start = segment["start"] + at * seconds_each
        at += len(part)
        yield from _fitting(_Token(part, start, segment["start"] + at * seconds_each, True))


def _bounds(text: str, words: list[str]) -> list[tuple[int, int]] | None:
    """Where each word is in the text: from the end of the one before to the next word; None if one is not there."""
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


def _fitting(token: _Token) -> Iterator[_Token]:
    """A token wider than a line, cut into pieces that fit."""
    if width(token.text) <= COLUMNS:
        if token.text:
            yield token
        return
    pieces, piece = [], ""
    for character in token.text:
        if width(piece + character) > COLUMNS:
            pieces.append(piece)
            piece = ""
        piece += character
    pieces.append(piece)
    step = (token.end - token.start) / len(pieces)
    for index, text in enumerate(pieces):
        start = token.start + index * step
        yield _Token(text, start, start + step, token.spaced and index == 0)


def _lines(tokens: list[_Token], columns: int = COLUMNS) -> list[str]:
    lines = [tokens[0].text]
    for token in tokens[1:]:
        longer = f"{lines[-1]}{' ' if token.spaced else ''}{token.text}"
        if width(longer) <= columns:
            lines[-1] = longer
        else:
            lines.append(token.text)
    return lines


def _balanced(tokens: list[_Token]) -> list[str]:
    """Two lines of about the same length read better than a full one and a stub."""
    lines = _lines(tokens)
    columns = COLUMNS
    while len(lines) == LINES and columns > COLUMNS // 2:
        columns -= 1
        tighter = _lines(tokens, columns)
        if len(tighter) > LINES or any(width(line) > columns for line in tighter):
            break
        lines = tighter
    return lines


def _lengthened(cue: Cue, until: float) -> Cue:
    """`cue` shown long enough, but not past `until` unless it was already."""
    end = max(cue.end, min(cue.start + _SHORTEST_S, until))
    return Cue(cue.start, max(end, cue.start + 0.001), cue.lines, cue.speaker)


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
