"""Segments cut into cues that can be read: so many lines of so many columns, for as long as reading them takes.

Times stay those of the speech: a cue may stay longer than it is spoken and come a little before, but never over another
one. Knows segments and their words; nothing of file formats.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

#: A cue ends at a pause longer than this, or once it has been shown so long; both in seconds.
_PAUSE_S = 0.8
_LONGEST_S = 7.0
#: Subtitles flash by unreadably under this; a cue borrows from the pause behind it.
_SHORTEST_S = 1.0
#: A cue that goes too fast may come so much before its words, where nothing else is shown.
_LEAD_S = 0.5
_SENTENCE_ENDS = tuple(".!?…。！？")


@dataclass(frozen=True, slots=True)
class CueStyle:
    """How cues look. The defaults are the conventions of broadcasters."""

    columns: int = 42
    lines: int = 2
    #: Reading speed: a cue is shown longer than it is spoken where this asks for it and the speech leaves room.
    characters_per_s: float = 17.0
    #: Whether cues say who speaks …
    speakers: bool = True
    #: … and whether in their text, as "[name] ", where it takes room.
    named: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines shown from `start` to `end` (seconds)."""

    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str | None = None

    @property
    def characters(self) -> int:
        """What has to be read; the break between two lines is read as a space is."""
        return sum(len(line) for line in self.lines) + len(self.lines) - 1


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: float
    end: float
    #: Whether a space stands before it: not so in Chinese, Japanese or Thai.
    spaced: bool


class CueStream:
    """Segments in, cues out, in order of time. A cue waits for the next one, to know how long it may stay."""

    def __init__(self, style: CueStyle | None = None) -> None:
        self._style = style or CueStyle()
        self._held: Cue | None = None
        #: Where the last cue that was given out ends.
        self._free_from = 0.0

    def push(self, segment: dict[str, Any]) -> Iterator[Cue]:
        """The cues that this segment completes."""
        speaker = segment.get("speaker") if self._style.speakers else None
        for cue in _Cutter(self._style, speaker).cues(segment):
            if self._held is not None:
                yield self._timed(self._held, cue.start)
            self._held = cue

    def finish(self) -> Iterator[Cue]:
        """The last cue."""
        if self._held is not None:
            yield self._timed(self._held, float("inf"))
            self._held = None

    def _timed(self, cue: Cue, until: float) -> Cue:
        """`cue` shown long enough to be read, but not past `until` unless it was already."""
        needed = max(_SHORTEST_S, cue.characters / self._style.characters_per_s)
        end = max(cue.end, min(cue.start + needed, until), cue.start + 0.001)
        too_fast = end - cue.start < cue.characters / self._style.characters_per_s
        start = max(self._free_from, end - needed, cue.start - _LEAD_S) if too_fast else cue.start
        shown = replace(cue, start=round(min(cue.start, start), 3), end=end)
        self._free_from = shown.end
        return shown


def width(text: str) -> int:
    """Columns that a text takes: wide East Asian characters two, combining marks none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


class _Cutter:
    """One segment into cues of a style."""

    def __init__(self, style: CueStyle, speaker: str | None) -> None:
        self._style = style
        self._speaker = speaker
        self._lead = f"[{_shortened(speaker, style.columns // 2)}] " if speaker and style.named else ""

    def cues(self, segment: dict[str, Any]) -> Iterator[Cue]:
        """All cues of the segment, each as long as it is spoken."""
        groups: list[list[_Token]] = []
        for token in _tokens(segment, self._style.columns):
            if not groups or self._is_full(groups[-1], token):
                groups.append([])
            groups[-1].append(token)
        for earlier, later in itertools.pairwise(groups):
            self._even_out(earlier, later)
        for group in groups:
            yield Cue(group[0].start, group[-1].end, tuple(self._balanced(group)), self._speaker)

    def _is_full(self, group: list[_Token], token: _Token) -> bool:
        return (
            token.start - group[-1].end > _PAUSE_S
            or token.end - group[0].start > _LONGEST_S
            or len(self._lines([*group, token])) > self._style.lines
            # A sentence that ends past the middle of a cue ends the cue.
            or (group[-1].text[-1:] in _SENTENCE_ENDS and len(self._lines(group)) * 2 > self._style.lines > 1)
        )

    def _even_out(self, earlier: list[_Token], later: list[_Token]) -> None:
        """Move words from a full cue to a stub of one that follows at once: a last word alone flashes by."""
        while len(earlier) > 1 and later[0].start - earlier[-1].end <= _PAUSE_S:
            grown = [earlier[-1], *later]
            if earlier[-1].text[-1:] in _SENTENCE_ENDS or _columns(grown) > _columns(earlier[:-1]):
                return
            if len(self._lines(grown)) > self._style.lines or grown[-1].end - grown[0].start > _LONGEST_S:
                return
            later.insert(0, earlier.pop())

    def _lines(self, tokens: list[_Token], columns: int | None = None) -> list[str]:
        columns = columns or self._style.columns
        lines = [self._lead + tokens[0].text]
        if width(lines[0]) > columns and self._lead:
            lines = [self._lead.rstrip(), tokens[0].text]
        for token in tokens[1:]:
            longer = f"{lines[-1]}{' ' if token.spaced else ''}{token.text}"
            if width(longer) <= columns:
                lines[-1] = longer
            else:
                lines.append(token.text)
        return lines

    def _balanced(self, tokens: list[_Token]) -> list[str]:
        """Lines of about the same length read better than full ones and a stub."""
        lines = self._lines(tokens)
        count, columns = len(lines), self._style.columns
        while count > 1 and columns > self._style.columns // 2:
            columns -= 1
            tighter = self._lines(tokens, columns)
            if len(tighter) > count or any(width(line) > columns for line in tighter):
                break
            lines = tighter
        return lines


def _tokens(segment: dict[str, Any], columns: int) -> Iterator[_Token]:
    """The segment's words, each with the punctuation that the text has around it; without words, the text's own words
    with its time shared out among them by length."""
    text = segment["text"].strip()
    words = segment.get("words") or []
    bounds = _bounds(text, [word["word"] for word in words])
    if words and bounds is not None:
        for word, (start, end) in zip(words, bounds, strict=True):
            piece = text[start:end]
            yield from _fitting(_Token(piece.strip(), word["start"], word["end"], piece[:1].isspace()), columns)
        return
    seconds_each = (segment["end"] - segment["start"]) / max(1, len(text))
    at = 0
    for part in text.split():
        at = text.index(part, at)
        start = segment["start"] + at * seconds_each
        at += len(part)
        yield from _fitting(_Token(part, start, segment["start"] + at * seconds_each, True), columns)


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


def _fitting(token: _Token, columns: int) -> Iterator[_Token]:
    """A token wider than a line, cut into pieces that fit."""
    if width(token.text) <= columns:
        if token.text:
            yield token
        return
    pieces, piece = [], ""
    for character in token.text:
        if width(piece + character) > columns:
            pieces.append(piece)
            piece = ""
        piece += character
    pieces.append(piece)
    step = (token.end - token.start) / len(pieces)
    for index, text in enumerate(pieces):
        start = token.start + index * step
        yield _Token(text, start, start + step, token.spaced and index == 0)


def _columns(tokens: list[_Token]) -> int:
    return sum(width(token.text) + token.spaced for token in tokens)


def _shortened(name: str, columns: int) -> str:
    return name if width(name) <= columns else name[: columns - 1] + "…"
