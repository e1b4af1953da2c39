"""Reads plain text: paragraphs between empty lines, chapters at lines that are headings.

Hard-wrapped lines are joined, those of verse and lists stay; a line that is too long to have been wrapped is a
paragraph by itself. Notes and descriptions of pictures in square brackets are left out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.pipeline import Limits
from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.document import BLOCK_CHARACTERS, Block, Chapter, Document, Heading, Paragraph, clean_text
from pipelines.text.lines import join_items, join_lines

from . import chapter_titles
from .encoding import read_text_file
from .gutenberg import read_record, skip_boilerplate
from .html_rules import Omission
from .page_breaks import PageBreaks
from .paragraph_starts import NOTE_TEXT, ParagraphStarts, ends_sentence
from .plain_contents import drop_contents
from .reading import DEFAULT_OPTIONS, Reading, ReadingOptions
from .text_language import detect_language

_OMITTED = {
    Omission.PICTURE: re.compile(r"\s*\[(?:Illustration|Picture|Image)\b[^\[\]]*\]", re.I),
    Omission.NOTE: re.compile(r"\s*\[(?:Foot|End)?note\s+[\w*†]{1,5}:[^\[\]]*\]", re.I),
    Omission.NOTE_REFERENCE: re.compile(
        r"(?<=[\w.,;:!?\"'”’)])\[(?:[1-9]\d{0,3}|[*†‡§A-Z])\](?!\s?[=(\[]|\.\w)|"
        r"(?<=[^\W\d_][.,;!?]) ?\[[1-9]\d{0,3}\](?=\s|$)"
    ),
    Omission.PAGE_NUMBER: re.compile(
        r"\s*(?:\[(?:pg|page|p)\.?\s*[\divxlc]{1,6}\]|\{(?:pg |page |p\. ?)?\d{1,4}\})", re.I
    ),
}
#: "_very_": italics.
_EMPHASIS = re.compile(r"(?<![\w_])_([^_]+)_(?![\w_])|(?<![\w*=])([*=])(?=[^\s*=])([^*=\n]{1,300}?)(?<=\S)\2(?![\w*=])")
#: The first paragraph of a note, or (with a group) of a description of a picture.
_OPEN_NOTE = re.compile(r"\[(?:(?:Foot|End)?note\s+[\w*†]{1,5}:|(Illustration|Picture|Image)\b)[^\]]*$", re.I)
_NOTE_PARAGRAPHS = 30
_BULLET = re.compile(r"\s*[*•◦▪▫‣⁃●○■□▸➢➤+]\s+(?=[\w\"“‘'„«¿¡(\[$€£])")
_LIST_ITEM = re.compile(rf"{_BULLET.pattern}|\s*(?:[-–—]|\d{{1,3}}[.)]|[a-zA-Z]\)|\(\w{{1,3}}\))\s+\S")
#: A form feed is a line of its own.
_BREAK = re.compile("\r\n|[\n\r\x0b\x85\u2028\u2029]|(?<=\x0c)|(?=\x0c)")


def read_file(path: Path, limits: Limits, options: ReadingOptions = DEFAULT_OPTIONS) -> Document:
    """A text file as a document. Raises `UnreadableInput` where it is not text."""
    return _read(read_text_file(path, limits.text_characters, options), options)


def read_string(text: str, options: ReadingOptions = DEFAULT_OPTIONS) -> Document:
    """A text in memory as a document."""
    return _read((text[start : start + 65_536] for start in range(0, len(text), 65_536)), options)


def _read(pieces: Iterable[str], options: ReadingOptions) -> Document:
    warnings: list[str] = []
    pieces = iter(pieces)
    first = next(pieces, "")
    record = read_record(first)
    reading = Reading(options, record.language)

    def blocks() -> Iterator[Block]:
        found = _skip_open_notes(split_blocks(itertools.chain([first], pieces), reading), reading)
        yield from drop_contents(found, reading)
        warnings.extend(reading.warnings())

    return Document(
        blocks=blocks(),
        title=record.title,
        author=record.author,
        language=record.language,
        detected_language=None if options.language or record.language else detect_language(first),
        warnings=warnings,
    )


def split_blocks(pieces: Iterable[str], reading: Reading) -> Iterator[Block]:
    """Chapters, headings and paragraphs of a text that comes in pieces of any size."""
    group: list[str] = []  # lines of the current paragraph
    size, continues = 0, False
    starts = ParagraphStarts()
    for line, ends in PageBreaks(reading).join(skip_boilerplate(split_lines(pieces), reading)):
        if group and (not line.strip() or starts.find(group, line)):
            yield from _build_paragraph(group, continues, reading)
            group, size, continues = [], 0, False
        if line.strip():
            group.append(line)
            size += len(line)
        if size >= BLOCK_CHARACTERS or (group and not ends):
            yield from _build_paragraph(group, continues, reading)
            group, size, continues = [], 0, True
        elif not group:
            continues = False
    yield from _build_paragraph(group, continues, reading)


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


def _split_items(group: list[str]) -> list[list[str]]:
    """The lines of each item of a list, which may have a line before it; of any other text one group of all lines."""
    items = [group[:1]]
    for line in group[1:]:
        before = items[-1]
        if _LIST_ITEM.match(line) and (before[-1].rstrip()[-1:] in ".!?:;" or _LIST_ITEM.match(before[0])):
            items.append([line])
        else:
            before.append(line)
    return items


def _build_paragraph(group: list[str], continues: bool, reading: Reading) -> Iterator[Block]:
    if not group:
        return
    lines = [_clean_line(line) for line in group]
    title = None if continues else chapter_titles.find_title(lines[:3])
    if title is not None:
        yield Chapter(title)
        yield Heading(title)
        return
    if len(lines) > 1 and all(chapter_titles.find_title([line]) for line in lines):
        reading.omissions[Omission.CONTENTS] += len(lines)
        return
    if not continues and _begins_with_title(lines):
        yield from _build_paragraph(group[:1], continues, reading)
        yield from _build_paragraph(group[1:], continues, reading)
        return
    found = NOTE_TEXT.match(lines[0])
    if found and found.group(1) in reading.note_addresses and reading.options.notes == "skip":
        reading.omissions[Omission.NOTE] += 1
        return
    texts = [text for item in _split_items(group) if (text := _leave_out(_join_item(item), reading))]
    for item in join_items([AnnotatedText(text) for text in texts]):
        yield Paragraph(item.text, continues)
        continues = False


def _begins_with_title(lines: list[str]) -> bool:
    """Whether the first line is a heading, and the others are text that follows without an empty line."""
    if len(lines) < 2 or not chapter_titles.is_sure_title(lines[0]) or not ends_sentence(lines[-1]):
        return False
    return not any(chapter_titles.find_title([line]) for line in lines[1:])


def _join_item(lines: list[str]) -> str:
    """The text of some lines; the bullet of an item is not read."""
    if bullet := _BULLET.match(lines[0]):
        lines = [lines[0][bullet.end() :], *lines[1:]]
    return join_lines([_clean_line(line) for line in lines], [len(line) - len(line.lstrip()) for line in lines])


def _skip_open_notes(blocks: Iterable[Block], reading: Reading) -> Iterator[Block]:
    """The blocks without bracketed notes and descriptions that have several paragraphs."""
    held: list[Block] = []
    omission = Omission.NOTE
    for block in blocks:
        found = _OPEN_NOTE.match(block.text) if isinstance(block, Paragraph) else None
        if not held and found is not None and (found.group(1) or reading.options.notes == "skip"):
            held, omission = [block], Omission.PICTURE if found.group(1) else Omission.NOTE
        elif held and isinstance(block, Paragraph) and block.text.endswith("]"):
            reading.omissions[omission] += 1
            held = []
        elif held and isinstance(block, Paragraph) and len(held) < _NOTE_PARAGRAPHS:
            held.append(block)
        else:
            yield from held
            held = []
            yield block
    yield from held


def _clean_line(line: str) -> str:
    """The line with single spaces; a soft hyphen at its end stays, behind which a word goes on."""
    return clean_text(line) + "\u00ad" * line.rstrip().endswith("\u00ad")


def _leave_out(text: str, reading: Reading) -> str:
    """The text without notes, pictures and marks of emphasis."""
    for omission, pattern in _OMITTED.items():
        if omission is Omission.NOTE and reading.options.notes != "skip":
            continue
        if omission is Omission.NOTE_REFERENCE:
            reading.note_addresses.update(found.group().strip(" []") for found in pattern.finditer(text))
        text, count = pattern.subn("", text)
        reading.omissions[omission] += count
    reading.omissions = +reading.omissions
    return _EMPHASIS.sub(lambda found: found.group(1) or found.group(3), text).strip()
