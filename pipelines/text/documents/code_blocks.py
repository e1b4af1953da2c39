"""Reads preformatted text: code as the request asks – in full, by its size, or not at all –, anything else as text.

`<pre>` holds code, but also poems, letters, and whole books of plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipelines.language_tags import primary_subtag
from pipelines.text.annotated_text import LINE_BREAK, AnnotatedText
from pipelines.text.document import Paragraph, split_annotated
from pipelines.text.lines import join_lines

from .html_rules import Omission
from .reading import Reading

_SUMMARIES = {
    "en": ("Code, one line.", "Code, {} lines."),
    "de": ("Code, eine Zeile.", "Code, {} Zeilen."),
    "fr": ("Code, une ligne.", "Code, {} lignes."),
    "es": ("Código, una línea.", "Código, {} líneas."),
}
#: Lines that no text for people has.
_CODE_LINE = re.compile(
    r"[{};]\s*$|^\s*(?:#include|#!|//|/\*|<\?|</?\w+[^>]*>|\$ \w|>>> |@\w+\b|(?:def|class|import|from|return|var|let|"
    r"const|function|func|fn|public|private|static|void|int|print|echo|elif|endif)\b.*[(){}=;:.\[\]])|"
    r"\w\s?(?:[:+*/|-]?=|==|!=|<=|>=|->|=>|\+\+|&&|\|\|)\s?[\w\"'(\[{]|\w\(\)|\w\[\w+\]|\w+\.\w+\("
)
#: Characters of a line that are looked at.
_LOOKED_AT = 200
#: Characters of an open block after which its first paragraphs are passed on.
_HELD_CHARACTERS = 1 << 16


class PreformattedText:
    """Collects the text of one `<pre>`."""

    def __init__(self, reading: Reading, *, is_code: bool = False) -> None:
        """`is_code`: what its element says; otherwise its lines tell."""
        self._reading = reading
        self._is_code: bool | None = is_code or None
        self._parts: list[str] = []
        self._size = 0
        self._code_lines = 0

    def add(self, text: str) -> None:
        """Text of the block."""
        self._parts.append(text)
        self._size += len(text)

    def say_code(self) -> None:
        """An element within it says that it is code."""
        self._is_code = True

    @property
    def is_full(self) -> bool:
        """Whether there is so much text that `take` has to be called."""
        return self._size > _HELD_CHARACTERS

    def take(self, *, is_complete: bool = False) -> Iterator[Paragraph]:
        """The paragraphs that are complete: all but the last one so far, if that goes on."""
        text, end = "".join(self._parts), re.compile(r"\n[^\S\n]*\n")
        *_, last = [0, *(found.end() for found in end.finditer(text))]
        last = len(text) if is_complete else last or text.rfind("\n") + 1 or len(text)
        whole, rest = text[:last], text[last:]
        self._parts, self._size = [rest], len(rest)
        return self._read(whole)

    def finish(self) -> Iterator[Paragraph]:
        """The paragraphs of what is left."""
        text, self._parts, self._size = "".join(self._parts), [], 0
        yield from self._read(text)
        if self._code_lines:
            yield from _read_summary(self._code_lines, self._reading)

    def _read(self, text: str) -> Iterator[Paragraph]:
        if self._is_code is None:
            self._is_code = looks_like_code(text.splitlines())
        if not self._is_code:
            yield from _read_prose(text)
        elif self._reading.options.code == "read":
            yield from _read_lines(text.splitlines())
        else:
            self._code_lines += sum(bool(line.strip()) for line in text.splitlines())


def read_code(code: str, reading: Reading) -> Iterator[Paragraph]:
    """The paragraphs of a code block; each line is a phrase."""
    block = PreformattedText(reading, is_code=True)
    block.add(code)
    yield from block.finish()


def looks_like_code(lines: Sequence[str]) -> bool:
    """Whether preformatted lines are code: at least every third looks so."""
    lines = [line[:_LOOKED_AT] for line in lines if line.strip()]
    return 3 * sum(_CODE_LINE.search(line) is not None for line in lines) >= max(1, len(lines))


def _read_lines(lines: Sequence[str]) -> Iterator[Paragraph]:
    shown = [" ".join(line.split()) for line in lines if line.strip()]
    for part in split_annotated(AnnotatedText(LINE_BREAK.join(shown))):
        yield Paragraph.from_annotated(part)


def _read_prose(text: str) -> Iterator[Paragraph]:
    """Paragraphs between empty lines."""
    for group in re.split(r"\n[^\S\n]*\n", text):
        lines = [" ".join(line.split()) for line in group.splitlines() if line.strip()]
        if lines:
            continues = False
            for part in split_annotated(AnnotatedText(join_lines(lines))):
                yield Paragraph.from_annotated(part, continues=continues)
                continues = True


def _read_summary(lines: int, reading: Reading) -> Iterator[Paragraph]:
    reading.omissions[Omission.CODE] += 1
    if reading.options.code == "summary":
        one, many = _SUMMARIES.get(primary_subtag(reading.language or "en"), _SUMMARIES["en"])
        yield Paragraph(one if lines == 1 else many.format(lines))
