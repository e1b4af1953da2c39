"""Reads plain text: paragraphs between empty lines, chapters at lines that are headings.

Hard-wrapped lines are joined; a line that is too long to have been wrapped is a paragraph by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.pipeline import Limits
from pipelines.text.document import BLOCK_CHARACTERS, Block, Chapter, Document, Heading, Paragraph, clean_text

from . import chapter_titles
from .encoding import read_text_file

#: A wider line was not wrapped: it is a whole paragraph.
_WRAP_COLUMNS = 100

_LIST_ITEM = re.compile(r"\s*(?:[-*•–—]|\d{1,3}[.)])\s+\S")
_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")


def read_file(path: Path, limits: Limits) -> Document:
    """A text file as a document. Raises `UnreadableInput` where it is not text."""
    return Document(blocks=split_blocks(read_text_file(path, limits.text_characters)))


def read_string(text: str) -> Document:
    """A text in memory as a document."""
    return Document(blocks=split_blocks(text[start : start + 65_536] for start in range(0, len(text), 65_536)))


def split_blocks(pieces: Iterable[str]) -> Iterator[Block]:
    """Chapters, headings and paragraphs of a text that comes in pieces of any size."""
    group: list[str] = []  # lines of the current paragraph
    size, continues = 0, False
    for line, ends in split_lines(pieces):
        if group and (not line.strip() or _starts_paragraph(group[-1], line)):
            yield from _build_paragraph(group, continues)
            group, size, continues = [], 0, False
        if line.strip():
            group.append(line)
            size += len(line)
        if size >= BLOCK_CHARACTERS or (group and not ends):
            yield from _build_paragraph(group, continues)
            group, size, continues = [], 0, True
        elif not group:
            continues = False
    yield from _build_paragraph(group, continues)


def split_lines(pieces: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """(line, whether it ends there) of a text in pieces; a line longer than a block comes in parts, cut at spaces."""
    rest = ""
    for piece in pieces:
        # A carriage return may be the first half of a line break that the next piece completes.
        text = rest + piece
        held = "\r" if text.endswith("\r") else ""
        *whole, rest = _BREAK.split(text[: len(text) - len(held)])
        for line in whole:
            *parts, last = _split_line(line)
            yield from ((part, False) for part in parts)
            yield last, True
        if len(rest) > BLOCK_CHARACTERS:
            *parts, rest = _split_line(rest)
            yield from ((part, False) for part in parts)
        rest += held
    if rest:
        *parts, last = _split_line(rest.rstrip("\r"))
        yield from ((part, False) for part in parts)
        yield last, True


def _split_line(line: str) -> list[str]:
    parts, start = [], 0
    while len(line) - start > BLOCK_CHARACTERS:
        end = start + BLOCK_CHARACTERS
        space = line.rfind(" ", start + BLOCK_CHARACTERS // 2, end)
        end = space if space > 0 else end
        parts.append(line[start:end])
        start = end
    return [*parts, line[start:]]


def _starts_paragraph(before: str, line: str) -> bool:
    return (
        len(before) > _WRAP_COLUMNS
        or len(line) > _WRAP_COLUMNS
        or (_LIST_ITEM.match(line) is not None and before.rstrip()[-1:] in ".!?:;")
        or (_LIST_ITEM.match(line) is not None and _LIST_ITEM.match(before) is not None)
    )


def _build_paragraph(group: list[str], continues: bool) -> Iterator[Block]:
    if not group:
        return
    title = None if continues else chapter_titles.find_title([clean_text(line) for line in group[:3]])
    if title is not None:
        yield Chapter(title)
        yield Heading(title)
        return
    text = clean_text(" ".join(group))
    if text:
        yield Paragraph(text, continues)
