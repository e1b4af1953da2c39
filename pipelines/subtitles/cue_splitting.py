"""Splits a segment into cues of a style: at pauses and sentences, else where a phrase ends and the cues are balanced.

Knows words with their widths and times; nothing of how long a cue is shown.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .phrase_breaks import balance_cost, break_cost, ends_sentence
from .timed_segment import TimedSegment
from .timed_text import TimedText, display_width, timed_texts

#: A cue ends at a pause longer than this, or at this length; both in seconds.
_PAUSE_S = 0.8
_MAX_CUE_S = 7.0
#: A sentence shorter than this is shown with the next one.
_MIN_SENTENCE_S = 0.25
#: More than all other costs of a cue: the fewest cues, or lines, come first.
_COST_OF_ONE_MORE = 1_000.0


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
        """Characters to read; a line break counts as a space, and a Chinese or Japanese character as two."""
        return sum(display_width(line) for line in self.lines) + len(self.lines) - 1


def split_into_cues(segment: TimedSegment, style: CueStyle) -> Iterator[Cue]:
    """All cues of the segment, with the times of their speech."""
    # A line break in a name would end the cue.
    speaker = " ".join((segment.speaker or "").split()) or None if style.show_speakers else None
    name = f"[{_shorten(speaker, style.columns // 2)}]" if speaker and style.speaker_in_text else ""
    for sentence in _split_at_sentences(list(timed_texts(segment, style.columns))):
        layout = _Layout(style, name)
        for group in layout.split(sentence):
            yield Cue(group[0].start, group[-1].end, tuple(layout.break_lines(group)), speaker)


def _split_at_sentences(tokens: Sequence[TimedText]) -> Iterator[list[TimedText]]:
    """Runs of words without a long pause or the end of a sentence between them."""
    run: list[TimedText] = []
    for token in tokens:
        if run and (
            token.start - run[-1].end > _PAUSE_S
            or (ends_sentence(run[-1].text, token.text) and token.start - run[0].start >= _MIN_SENTENCE_S)
        ):
            yield run
            run = []
        run.append(token)
    if run:
        yield run


class _Layout:
    """Finds the cheapest cues of a sentence, and the cheapest lines of a cue."""

    def __init__(self, style: CueStyle, name: str) -> None:
        self._style = style
        #: Named in the first line of every cue; a part of its text.
        self._name = name

    def split(self, tokens: Sequence[TimedText]) -> Iterator[Sequence[TimedText]]:
        """The words of each cue."""
        available = self._style.columns * self._style.lines
        edges = _find_cheapest(tokens, self._fits, lambda first, last, width: balance_cost(width, available))
        return (tokens[first:last] for first, last in itertools.pairwise(edges))

    def break_lines(self, tokens: Sequence[TimedText]) -> list[str]:
        """The fewest lines, broken at phrases and balanced."""
        named, columns = self._with_name(tokens), self._style.columns

        def cost(first: int, last: int, width: int) -> float:
            is_name_alone = bool(self._name) and (first, last) == (0, 1)
            return balance_cost(width, columns) + (_COST_OF_ONE_MORE / 2 if is_name_alone else 0.0)

        edges = _find_cheapest(named, lambda line, width: width <= columns, cost)
        return [_join(named[first:last]) for first, last in itertools.pairwise(edges)]

    def _fits(self, tokens: Sequence[TimedText], width: int) -> bool:
        """Whether words of `width` columns in all fit into one cue."""
        columns, most = self._style.columns, self._style.lines
        width += display_width(self._name)
        if width > columns * most + most - 1 or tokens[-1].end - tokens[0].start > _MAX_CUE_S:
            return False
        if width < columns:  # the name has a space behind it
            return True
        lines, used = 1, 0
        for token in self._with_name(tokens):
            if used and used + token.has_space + token.width > columns:
                lines, used = lines + 1, token.width
            else:
                used += token.width + (token.has_space if used else 0)
        return lines <= most

    def _with_name(self, tokens: Sequence[TimedText]) -> Sequence[TimedText]:
        if not self._name:
            return tokens
        first = tokens[0]
        return [TimedText(self._name, first.start, first.start, False), replace(first, has_space=True), *tokens[1:]]


def _find_cheapest(
    tokens: Sequence[TimedText],
    fits: Callable[[Sequence[TimedText], int], bool],
    cost: Callable[[int, int, int], float],
) -> list[int]:
    """Edges, from 0 to the number of tokens, of the fewest groups that fit, with breaks at phrases and equal lengths.

    `fits(group, columns)`, of more than one token; `cost(first, last, columns)`. By dynamic programming over the ends
    of groups, as Knuth and Plass break paragraphs into lines.
    """
    best, previous = [0.0], [0]
    for end in range(1, len(tokens) + 1):
        after = break_cost(tokens[end - 1].text, tokens[end].text) if end < len(tokens) else 0.0
        width = tokens[end - 1].width
        found, at = best[end - 1] + cost(end - 1, end, width), end - 1
        for start in range(end - 2, -1, -1):
            width += tokens[start].width + tokens[start + 1].has_space
            if not fits(tokens[start:end], width):
                break
            total = best[start] + cost(start, end, width)
            if total < found:
                found, at = total, start
        best.append(found + _COST_OF_ONE_MORE + after)
        previous.append(at)
    edges = [len(tokens)]
    while edges[-1]:
        edges.append(previous[edges[-1]])
    return edges[::-1]


def _join(tokens: Sequence[TimedText]) -> str:
    return tokens[0].text + "".join(f"{' ' if token.has_space else ''}{token.text}" for token in tokens[1:])


def _shorten(name: str, columns: int) -> str:
    return name if display_width(name) <= columns else name[: columns - 1] + "…"
