"""A text on its way from written to spoken, which remembers for each of its characters where it was written.

Marks, captions and sentences that a user sees are about the written text; voices are given the spoken one. Knows
characters and positions; nothing of languages or sounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.family import WordMark

#: Half-open [start, end) positions.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """Say `text` for the characters [start, end)."""

    start: int
    end: int
    text: str


class Spoken:
    """`text` is what is to be said, `written` what was read; positions in one map to positions in the other."""

    __slots__ = ("_origin", "text", "written")

    def __init__(self, written: str, text: str | None = None, origin: Sequence[Range] | None = None) -> None:
        self.written = written
        self.text = written if text is None else text
        #: For each character of `text` the written characters that it stands for.
        self._origin: Sequence[Range] = [(at, at + 1) for at in range(len(written))] if origin is None else origin

    def changed(self, changes: Iterable[Change]) -> Spoken:
        """The text with `changes`, which are ordered and disjoint positions of this text, made in it."""
        parts, origin, done = list[str](), list[Range](), 0
        for change in changes:
            parts += [self.text[done : change.start], change.text]
            origin += self._origin[done : change.start]
            origin += [self.written_range(change.start, change.end)] * len(change.text)
            done = change.end
        if not parts:
            return self
        return Spoken(self.written, "".join([*parts, self.text[done:]]), [*origin, *self._origin[done:]])

    def written_range(self, start: int, end: int) -> Range:
        """Where the characters [start, end) of `text` were written: all of a stretch of which they are a part."""
        if start >= end:
            at = self._origin[start][0] if start < len(self._origin) else len(self.written)
            return at, at
        return min(first for first, _ in self._origin[start:end]), max(last for _, last in self._origin[start:end])

    def spoken_range(self, start: int, end: int) -> Range:
        """Where the written characters [start, end) are in `text`; an empty range where none is said."""
        inside = [at for at, (first, last) in enumerate(self._origin) if first < end and last > start]
        if inside:
            return inside[0], inside[-1] + 1
        at = next((at for at, (first, _) in enumerate(self._origin) if first >= end), len(self.text))
        return at, at

    def written_marks(self, marks: Iterable[WordMark]) -> list[WordMark]:
        """Marks of spoken words as marks of written ones: words said for one written word share its mark."""
        joined: list[WordMark] = []
        for mark in marks:
            start, end = self.written_range(mark.start_char, mark.end_char)
            last = joined[-1] if joined else None
            if last is not None and start < last.end_char:
                joined[-1] = replace(last, end_char=max(end, last.end_char), end_s=max(mark.end_s, last.end_s))
            elif end > start:
                joined.append(replace(mark, start_char=start, end_char=end))
        return joined
