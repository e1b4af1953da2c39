"""A text in its spoken form, aligned with its written form character by character.

Speech marks, captions and sentences that a user sees refer to the written text; voices get the spoken one. Knows
characters and positions; nothing of languages or sounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .word_marks import WordMark

#: Half-open [start, end) positions.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Replacement:
    """Put `text` in the place of the characters [start, end)."""

    start: int
    end: int
    text: str


class AlignedText:
    """`text` is the spoken form, `written` the written one; positions in one map to positions in the other."""

    __slots__ = ("_origin", "text", "written")

    def __init__(self, written: str, text: str | None = None, origin: Sequence[Range] | None = None) -> None:
        """`origin` has the written range of each character of `text`. Without it both forms are the same."""
        self.written = written
        self.text = written if text is None else text
        self._origin: Sequence[Range] = [(at, at + 1) for at in range(len(written))] if origin is None else origin

    def apply(self, replacements: Iterable[Replacement]) -> AlignedText:
        """The text after `replacements`, which are ordered and disjoint and have positions of `text`."""
        parts, origin, done = list[str](), list[Range](), 0
        for replacement in replacements:
            parts += [self.text[done : replacement.start], replacement.text]
            origin += self._origin[done : replacement.start]
            origin += [self.written_range(replacement.start, replacement.end)] * len(replacement.text)
            done = replacement.end
        if not parts:
            return self
        return AlignedText(self.written, "".join([*parts, self.text[done:]]), [*origin, *self._origin[done:]])

    def written_range(self, start: int, end: int) -> Range:
        """The written range of the characters [start, end) of `text`; replacements count as a whole."""
        if start >= end:
            at = self._origin[start][0] if start < len(self._origin) else len(self.written)
            return at, at
        return min(first for first, _ in self._origin[start:end]), max(last for _, last in self._origin[start:end])

    def spoken_range(self, start: int, end: int) -> Range:
        """The range in `text` of the written characters [start, end); an empty one where none of them is spoken."""
        inside = [at for at, (first, last) in enumerate(self._origin) if first < end and last > start]
        if inside:
            return inside[0], inside[-1] + 1
        at = next((at for at, (first, _) in enumerate(self._origin) if first >= end), len(self.text))
        return at, at

    def written_marks(self, marks: Iterable[WordMark]) -> list[WordMark]:
        """Marks of spoken words as marks of written words: words spoken for one written word share its mark."""
        joined: list[WordMark] = []
        for mark in marks:
            start, end = self.written_range(mark.start_char, mark.end_char)
            last = joined[-1] if joined else None
            if last is not None and start < last.end_char:
                joined[-1] = replace(last, end_char=max(end, last.end_char), end_s=max(mark.end_s, last.end_s))
            elif end > start:
                joined.append(replace(mark, start_char=start, end_char=end))
        return joined
