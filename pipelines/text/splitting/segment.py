"""The segment: the smallest unit of text that is synthesised, and how a long one is split.

Knows text, pauses and styles; nothing of documents or voices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.text.style import NEUTRAL_STYLE, Pause, SpokenForm, Style

_CLAUSE_ENDS = ";:,–—،、，；"


@dataclass(slots=True)
class TextSegment:
    """A sentence, or a part of one, and the pause behind it. Without text it is a silence, or a place for marks."""

    text: str
    pause: Pause = "sentence"
    style: Style = NEUTRAL_STYLE
    spoken_forms: Sequence[SpokenForm] = ()
    #: Names, and the characters of the text before which they are set.
    marks: Sequence[tuple[str, int]] = ()
    #: Seconds of silence behind it that the source itself asks for, whatever the speed; None = those of `pause`.
    silence_s: float | None = None

    def to_json(self) -> list[Any]:
        """[text, pause], followed by an object with what is not neutral."""
        more = {
            "style": {} if self.style is NEUTRAL_STYLE else self.style.to_json(),
            "readings": [form.to_json() for form in self.spoken_forms],
            "marks": [list(mark) for mark in self.marks],
            "silence_s": self.silence_s,
        }
        kept = {name: value for name, value in more.items() if value not in ({}, [], None)}
        return [self.text, self.pause, kept] if kept else [self.text, self.pause]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> TextSegment:
        """The segment that `to_json` wrote."""
        text, pause, *rest = data
        more = rest[0] if rest else {}
        return cls(
            text,
            pause,
            Style.from_json(more.get("style", {})),
            tuple(SpokenForm(*form) for form in more.get("readings", ())),
            tuple((name, at) for name, at in more.get("marks", ())),
            more.get("silence_s"),
        )


def split_segment(segment: TextSegment, limit: int) -> Iterator[TextSegment]:
    """The segment, or several of at most `limit` characters; spoken forms and marks go with their characters."""
    ranges = list(split_ranges(segment.text, limit, segment.spoken_forms))
    for number, (start, end) in enumerate(ranges):
        is_last = number == len(ranges) - 1
        yield TextSegment(
            segment.text[start:end],
            segment.pause if is_last else "none",
            segment.style,
            [form.shift(start) for form in segment.spoken_forms if start <= form.start < end],
            [(name, at - start) for name, at in segment.marks if start <= at < end or (is_last and at >= end)],
            segment.silence_s if is_last else None,
        )


def split_ranges(sentence: str, limit: int, spoken_forms: Sequence[SpokenForm] = ()) -> Iterator[tuple[int, int]]:
    """Ranges of at most `limit` characters, without white space at their edges.

    A cut is made behind a comma or the like, else at a space, else anywhere, but never inside a spoken form: the range
    then is longer than `limit` where that form is.
    """
    start, end = 0, len(sentence)
    while end - start > limit:
        window = sentence[start : start + limit]
        cut = max(window.rfind(mark, limit // 2) for mark in _CLAUSE_ENDS) + 1
        if cut <= 0:
            cut = window.rfind(" ", limit // 2) + 1
        cut = start + (cut if cut > 0 else limit)
        for form in spoken_forms:
            if form.start < cut < form.end:
                cut = form.start if form.start > start else form.end
        yield from _strip(sentence, start, cut)
        start = cut
    yield from _strip(sentence, start, end)


def _strip(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The range without white space at its edges; none where nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield start, end
