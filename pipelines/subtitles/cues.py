"""Cuts segments into subtitle cues with a limited number of lines and columns, shown long enough to be read.

A cue may be shown a little before its words and after them, but never together with another one. Knows segments and
their words; nothing of file formats.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .timed_segment import TimedSegment

#: A cue ends at a pause longer than this, or at this length; both in seconds.
_PAUSE_S = 0.8
_MAX_CUE_S = 7.0
#: A shorter cue is extended into the pause after it.
_MIN_CUE_S = 1.0
#: A cue that is too fast to read may begin so much before its words, where no other is shown.
_MAX_LEAD_S = 0.5
_SENTENCE_ENDS = tuple(".!?…。！？")


@dataclass(frozen=True, slots=True)
class CueStyle:
    """Layout and reading speed of cues. The defaults are usual for broadcasting."""

    columns: int = 42
    lines: int = 2
    #: Reading speed: a cue is shown longer than its speech where it needs more time and the next cue allows it.
    characters_per_s: float = 17.0
    #: Whether cues name their speakers …
    show_speakers: bool = True
    #: … and whether in the text, as "[name] ", which takes columns.
    speaker_in_text: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines shown from `start` to `end` (seconds)."""

    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str | None = None

    @property
    def characters(self) -> int:
        """Characters to read; a line break counts as a space."""
        return sum(len(line) for line in self.lines) + len(self.lines) - 1


@dataclass(frozen=True, slots=True)
class _TimedText:
    """A word, or a part of one, with its time."""

    text: str
    start: float
    end: float
    #: Whether a space precedes it: not so in Chinese, Japanese or Thai.
    has_space: bool


class CueStream:
    """Segments in, cues out, in order of time. A cue is held until the next one limits how long it is shown."""

    def __init__(self, style: CueStyle | None = None) -> None:
        self._style = style or CueStyle()
        self._held: Cue | None = None
        #: The end of the last cue that was yielded.
        self._free_from = 0.0

    def push(self, segment: TimedSegment) -> Iterator[Cue]:
        """The cues that this segment completes."""
        speaker = segment.speaker if self._style.show_speakers else None
        for cue in _CueSplitter(self._style, speaker).split(segment):
            if self._held is not None:
                yield self._set_times(self._held, cue.start)
            self._held = cue

    def finish(self) -> Iterator[Cue]:
        """The last cue."""
        if self._held is not None:
            yield self._set_times(self._held, float("inf"))
            self._held = None

    def _set_times(self, cue: Cue, until: float) -> Cue:
        """`cue` shown long enough to be read, but not after `until` unless its speech is."""
        needed = max(_MIN_CUE_S, cue.characters / self._style.characters_per_s)
        end = max(cue.end, min(cue.start + needed, until), cue.start + 0.001)
        too_fast = end - cue.start < cue.characters / self._style.characters_per_s
        start = max(self._free_from, end - needed, cue.start - _MAX_LEAD_S) if too_fast else cue.start
        shown = replace(cue, start=round(min(cue.start, start), 3), end=end)
        self._free_from = shown.end
        return shown


def display_width(text: str) -> int:
    """The columns of a text: wide East Asian characters have two, combining marks none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


class _CueSplitter:
    """Splits one segment into cues of a style."""

    def __init__(self, style: CueStyle, speaker: str | None) -> None:
        self._style = style
        self._speaker = speaker
        self._prefix = f"[{_shorten(speaker, style.columns // 2)}] " if speaker and style.speaker_in_text else ""

    def split(self, segment: TimedSegment) -> Iterator[Cue]:
        """All cues of the segment, with the times of their speech."""
        groups: list[list[_TimedText]] = []
        for token in _timed_texts(segment, self._style.columns):
            if not groups or self._is_full(groups[-1], token):
                groups.append([])
            groups[-1].append(token)
        for earlier, later in itertools.pairwise(groups):
            self._rebalance(earlier, later)
        for group in groups:
            yield Cue(group[0].start, group[-1].end, tuple(self._balance_lines(group)), self._speaker)

    def _is_full(self, group: list[_TimedText], token: _TimedText) -> bool:
        return (
            token.start - group[-1].end > _PAUSE_S
            or token.end - group[0].start > _MAX_CUE_S
            or len(self._break_lines([*group, token])) > self._style.lines
            # A sentence that ends in the second half of a cue ends the cue.
            or (group[-1].text[-1:] in _SENTENCE_ENDS and len(self._break_lines(group)) * 2 > self._style.lines > 1)
        )

    def _rebalance(self, earlier: list[_TimedText], later: list[_TimedText]) -> None:
        """Move words from a full cue to a short one that follows without a pause, so that no word is shown alone."""
        while len(earlier) > 1 and later[0].start - earlier[-1].end <= _PAUSE_S:
            extended = [earlier[-1], *later]
            if earlier[-1].text[-1:] in _SENTENCE_ENDS or _count_columns(extended) > _count_columns(earlier[:-1]):
                return
            if (
                len(self._break_lines(extended)) > self._style.lines
                or extended[-1].end - extended[0].start > _MAX_CUE_S
            ):
                return
            later.insert(0, earlier.pop())

    def _break_lines(self, tokens: list[_TimedText], columns: int | None = None) -> list[str]:
        columns = columns or self._style.columns
        lines = [self._prefix + tokens[0].text]
        if display_width(lines[0]) > columns and self._prefix:
            lines = [self._prefix.rstrip(), tokens[0].text]
        for token in tokens[1:]:
            longer = f"{lines[-1]}{' ' if token.has_space else ''}{token.text}"
            if display_width(longer) <= columns:
                lines[-1] = longer
            else:
                lines.append(token.text)
        return lines

    def _balance_lines(self, tokens: list[_TimedText]) -> list[str]:
        """The same number of lines, of about equal length."""
        lines = self._break_lines(tokens)
        count, columns = len(lines), self._style.columns
        while count > 1 and columns > self._style.columns // 2:
            columns -= 1
            tighter = self._break_lines(tokens, columns)
            if len(tighter) > count or any(display_width(line) > columns for line in tighter):
                break
            lines = tighter
        return lines


def _timed_texts(segment: TimedSegment, columns: int) -> Iterator[_TimedText]:
    """The segment's words, each with the punctuation of the text around it.

    Without timed words, those of the text, with times in proportion to their lengths.
    """
    text = segment.text.strip()
    bounds = _find_bounds(text, [word.text for word in segment.words])
    if bounds is not None:
        for word, (start, end) in zip(segment.words, bounds, strict=True):
            part = text[start:end]
            yield from _split_wide(_TimedText(part.strip(), word.start, word.end, part[:1].isspace()), columns)
        return
    seconds_each = (segment.end - segment.start) / max(1, len(text))
    at = 0
    for part in text.split():
        at = text.index(part, at)
        start_s = segment.start + at * seconds_each
        at += len(part)
        yield from _split_wide(_TimedText(part, start_s, segment.start + at * seconds_each, True), columns)


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


def _split_wide(token: _TimedText, columns: int) -> Iterator[_TimedText]:
    """The token, split where it is wider than a line."""
    if display_width(token.text) <= columns:
        if token.text:
            yield token
        return
    parts, part = [], ""
    for character in token.text:
        if display_width(part + character) > columns:
            parts.append(part)
            part = ""
        part += character
    parts.append(part)
    step = (token.end - token.start) / len(parts)
    for index, text in enumerate(parts):
        start = token.start + index * step
        yield _TimedText(text, start, start + step, token.has_space and index == 0)


def _count_columns(tokens: list[_TimedText]) -> int:
    return sum(display_width(token.text) + token.has_space for token in tokens)


def _shorten(name: str, columns: int) -> str:
    return name if display_width(name) <= columns else name[: columns - 1] + "…"
