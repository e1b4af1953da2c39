"""A text with annotations of its characters: the styles and the spoken forms that its source gives for them.

Values only: readers of documents build it, the splitter cuts it into segments.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .style import NEUTRAL_STYLE, SpokenForm, Style

#: Between two lines of a poem, an address, a heading: each line is a phrase of its own.
LINE_BREAK = "\n"


@dataclass(frozen=True, slots=True)
class AnnotatedText:
    """`styles` are (start, style), in order: a style is that of the characters up to the next one's start."""

    text: str = ""
    styles: Sequence[tuple[int, Style]] = ()
    spoken_forms: Sequence[SpokenForm] = ()

    def __len__(self) -> int:
        return len(self.text)

    def style_at(self, position: int) -> Style:
        """The style of one character."""
        return next((style for start, style in reversed(self.styles) if start <= position), NEUTRAL_STYLE)

    def slice(self, start: int, end: int) -> AnnotatedText:
        """The characters [start, end) with their annotations; a spoken form belongs to where it begins."""
        if not self.styles and not self.spoken_forms:
            return AnnotatedText(self.text[start:end])
        first = self.style_at(start)
        styles = [(at - start, style) for at, style in self.styles if start < at < end]
        return AnnotatedText(
            self.text[start:end],
            tuple(([] if first == NEUTRAL_STYLE else [(0, first)]) + styles),
            tuple(
                replace(form.shift(start), end=min(form.end, end) - start)
                for form in self.spoken_forms
                if start <= form.start < end
            ),
        )

    def strip(self) -> AnnotatedText:
        """The text without white space at its edges."""
        if self.text == self.text.strip():
            return self
        start = len(self.text) - len(self.text.lstrip())
        return self.slice(start, max(start, len(self.text.rstrip())))

    def join(self, other: AnnotatedText) -> AnnotatedText:
        """This text and then the other."""
        styles, at = list(self.styles), len(self.text)
        if other.text and (styles or other.styles):
            styles.append((at, other.style_at(0)))
        styles += [(start + at, style) for start, style in other.styles if start > 0]
        forms = (*self.spoken_forms, *(form.shift(-at) for form in other.spoken_forms))
        return AnnotatedText(self.text + other.text, tuple(styles), forms)

    def split_styles(self) -> Iterator[tuple[Style, AnnotatedText]]:
        """The text in parts of one style each."""
        if not self.styles:
            yield NEUTRAL_STYLE, self
            return
        starts = [0, *(at for at, style in self.styles if 0 < at < len(self.text) and style != self.style_at(at - 1))]
        for start, end in itertools.pairwise([*starts, len(self.text)]):
            yield self.style_at(start), self.slice(start, end)

    def split_lines(self) -> Iterator[AnnotatedText]:
        """The lines, stripped; empty ones are left out."""
        start = 0
        for line in self.text.split(LINE_BREAK):
            if line.strip():
                yield self.slice(start, start + len(line)).strip()
            start += len(line) + len(LINE_BREAK)
