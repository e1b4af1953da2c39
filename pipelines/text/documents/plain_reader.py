"""Plain text: paragraphs between empty lines, chapters where a line says so.

Hard-wrapped lines are joined; a line that is too long to have been wrapped is a paragraph by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.text.document import BLOCK_CHARACTERS, Block, Chapter, Document, Heading, Paragraph, clean

from . import chapter_titles
from .encoding import file_text

#: Nobody wraps lines wider than this: such a line is a whole paragraph.
_WRAP_COLUMNS = 100

_LIST_ITEM = re.compile(r"\s*(?:[-*•–—]|\d{1,3}[.)])\s+\S")
_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")


def read_file(path: Path, maximum_characters: int) -> Document:
    """A text file as a document. Raises `UnreadableInput` where it is no text."""
    return Document(blocks=blocks(file_text(path, maximum_characters)))


def read_string(text: str) -> Document:
    """A text that came with the request."""
    return Document(blocks=blocks(text[start : start + 65_536] for start in range(0, len(text), 65_536)))


def blocks(pieces: Iterable[str]) -> Iterator[Block]:
    """Chapters, headings and paragraphs of the text that the pieces make up."""
    group: list[str] = []  # lines of the paragraph at hand
    size, continues = 0, False
    for line, ends in lines(pieces):
        if group and (not line.strip() or _starts_paragraph(group[-1], line)):
            yield from _paragraph(group, continues)
            group, size, continues = [], 0, False
        if line.strip():
            group.append(line)
            size += len(line)
        if size >= BLOCK_CHARACTERS or (group and not ends):
            yield from _paragraph(group, continues)
            group, size, continues = [], 0, True
        elif not group:
            continues = False
    yield from _paragraph(group, continues)


def lines(pieces: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each line and whether it ends there; a line past a block's size comes in parts, cut at spaces if it has any."""
    rest = ""
    for piece in pieces:
        # A carriage return may be half of a line break whose other half is in the next piece.
        text = rest + piece
        held = "\r" if text.endswith("\r") else ""
        *whole, rest = _BREAK.split(text[: len(text) - len(held)])
        for line in whole:
            *parts, last = _parts(line)
            yield from ((part, False) for part in parts)
            yield last, True
        if len(rest) > BLOCK_CHARACTERS:
            *parts, rest = _parts(rest)
            yield from ((part, False) for part in parts)
        rest += held
    if rest:
        *parts, last = _parts(rest.rstrip("\r"))
        yield from ((part, False) for part in parts)
        yield last, True


def _parts(line: str) -> list[str]:
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


def _paragraph(group: list[str], continues: bool) -> Iterator[Block]:
    if not group:
        return
    title = None if continues else chapter_titles.find([clean(line) for line in group[:3]])
    if title is not None:
        yield Chapter(title)
        yield Heading(title)
        return
    text = clean(" ".join(group))
    if text:
        yield Paragraph(text, continues)
