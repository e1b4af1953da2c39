"""Reads Markdown, parsed in sections of a few pages: markdown-it needs a hundred bytes for every byte that it parses.

A first pass collects headings, link definitions and footnotes, which may be anywhere. Pictures are not spoken; tables
are read row by row. Beside CommonMark and GitHub's tables, markdown_extensions.py knows what other programs write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.token import Token

from pipelines.pipeline import Limits
from pipelines.text.annotated_text import LINE_BREAK, AnnotatedText
from pipelines.text.document import (
    HORIZONTAL_RULE,
    Block,
    Document,
    Heading,
    Paragraph,
    clean_text,
    find_chapter_level,
    insert_chapters,
    split_annotated,
    split_paragraph,
)
from pipelines.text.lines import join_lines

from .code_blocks import read_code
from .encoding import read_text_file
from .html_blocks import parse_html
from .html_rules import Omission
from .markdown_extensions import read_extensions, strip_attributes, strip_task
from .markdown_lines import FENCE, read_lines
from .plain_reader import split_lines
from .reading import DEFAULT_OPTIONS, Reading, ReadingOptions

#: Characters from which a section ends where a new block begins, and at which it ends anywhere.
_SECTION, _MAX_SECTION = 8_192, 12_288
#: More brackets in a section are not links; matching them takes quadratic time.
_MAX_BRACKETS = 1_000
_MAX_REFERENCES = 20_000

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+\S|$)")
_SETEXT = re.compile(r" {0,3}(?:(=+)|-{2,})[ \t]*$")
_REFERENCE = re.compile(r" {0,3}\[([^\]^][^\]]{0,200})\]:[ \t]*(\S+)")
#: In the place of code and of line breaks, while the text around them is read.
_CODE, _SOFT_BREAK = "\ue000", "\ue001"
_LINE_BLOCK = re.compile(r"\|(?: |$)")


@dataclass(slots=True)
class _Survey:
    """The result of the first pass."""

    heading_counts: dict[int, int] = field(default_factory=dict)
    first_heading: str | None = None
    meta: dict[str, str] = field(default_factory=dict)
    references: dict[str, Any] = field(default_factory=dict)
    #: Footnotes by name.
    notes: dict[str, str] = field(default_factory=dict)


def read_file(path: Path, limits: Limits, options: ReadingOptions = DEFAULT_OPTIONS) -> Document:
    """A Markdown file as a document. Raises `UnreadableInput` where it is not text."""
    most = limits.text_characters
    survey = _collect_survey(read_text_file(path, most, options))
    title = survey.meta.get("title") or (survey.first_heading if survey.heading_counts.get(1) == 1 else None)
    language = survey.meta.get("lang") or survey.meta.get("language")
    reading, warnings = Reading(options, language), list[str]()

    def blocks() -> Iterator[Block]:
        sections = _SectionReader(survey, reading)
        if options.notes == "inline":
            survey.notes = {name: sections.read_note(note) for name, note in survey.notes.items()}
        body = sections.blocks(read_text_file(path, most, options))
        yield from insert_chapters(body, find_chapter_level(survey.heading_counts))
        if options.notes == "end":
            for note in list(survey.notes.values()):
                yield from split_paragraph(sections.read_note(note))
        elif survey.notes and options.notes == "skip":
            reading.omissions[Omission.NOTE] += len(survey.notes)
        warnings.extend(reading.warnings())

    return Document(
        blocks=blocks(),
        title=title,
        author=survey.meta.get("author") or survey.meta.get("authors"),
        language=language,
        warnings=warnings,
    )


def _collect_survey(pieces: Iterable[str]) -> _Survey:
    survey = _Survey()
    before = ""
    for line, fenced in _read_body(pieces, survey.meta, survey.notes):
        if fenced:
            before = ""
            continue
        level = 0
        if found := _ATX.match(line):
            level, text = len(found.group(1)), strip_attributes(line.strip(" \t#"))
        elif before.strip() and not _ATX.match(before) and (found := _SETEXT.match(line)):
            level, text = (1 if found.group(1) else 2), before
        elif (found := _REFERENCE.match(line)) and len(survey.references) < _MAX_REFERENCES:
            survey.references[normalizeReference(found.group(1))] = {"title": "", "href": found.group(2)}
        if level:
            survey.heading_counts[level] = survey.heading_counts.get(level, 0) + 1
            if level == 1 and survey.first_heading is None:
                survey.first_heading = clean_text(re.sub(r"[*_`]|\[\^[^\]]*\]", "", text))[:200] or None
        before = line
    return survey


def _read_body(
    pieces: Iterable[str], meta: dict[str, str], notes: dict[str, str] | None = None
) -> Iterator[tuple[str, bool]]:
    return read_lines((line for line, _ in split_lines(pieces)), meta, notes)


class _SectionReader:
    """Parses a text section by section."""

    def __init__(self, survey: _Survey, reading: Reading) -> None:
        self._survey, self._reading = survey, reading
        self._parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])

    def blocks(self, pieces: Iterable[str]) -> Iterator[Block]:
        """The blocks of a text in pieces."""
        section: list[str] = []
        size, cut, blank, fence = 0, False, False, ""
        for line, fenced in _read_body(pieces, {}):
            begins = blank and line[:1].strip() != ""
            if (size >= _SECTION and begins and not fenced) or size >= _MAX_SECTION:
                yield from self._parse(section, cut)
                cut = not begins
                # A code block that was cut goes on as one.
                section = [fence] if fenced and fence and not FENCE.match(line) else []
                size = 0
            if found := FENCE.match(line):
                fence = found.group()
            blank = not line.strip()
            section.append(line)
            size += len(line) + 1
        yield from self._parse(section, cut)

    def _parse(self, section: list[str], continues: bool) -> Iterator[Block]:
        if not section:
            return
        text, parser = "\n".join(section), self._parser
        if text.count("[") > _MAX_BRACKETS:
            parser = MarkdownIt("commonmark").enable("table").disable(["link", "image", "reference"])
        # A copy: the parser adds the definitions of the section, but the first one in the document takes precedence.
        for block in self._convert(parser.parse(text, {"references": dict(self._survey.references)})):
            if continues and isinstance(block, Paragraph):
                block = Paragraph(block.text, continues=True)
            continues = False
            yield block

    def _convert(self, tokens: list[Token]) -> Iterator[Block]:
        level, row = 0, list[AnnotatedText]()
        in_cell = is_item = False
        for token in tokens:
            if token.type == "heading_open":
                level = int(token.tag[1])
            elif token.type in ("td_open", "th_open"):
                in_cell = True
            elif token.type == "list_item_open":
                is_item = True
            elif token.type == "tr_close":
                yield from map(Paragraph.from_annotated, split_annotated(_join_cells(row)))
                row, in_cell = [], False
            elif token.type == "inline":
                text = self._read_inline(token.children or [], is_item=is_item)
                is_item = False
                if in_cell:
                    row.append(text)
                elif level and text.text:
                    yield Heading(text.text, level, text.styles, text.spoken_forms)
                else:
                    yield from map(Paragraph.from_annotated, split_annotated(text))
                level = 0
            elif token.type in ("fence", "code_block"):
                yield from read_code(token.content, self._reading)
            elif token.type == "hr":
                yield HORIZONTAL_RULE
            elif token.type == "html_block":
                yield from parse_html([token.content], reading=self._reading)

    def read_note(self, note: str) -> str:
        """The text of a footnote, which is Markdown."""
        tokens = self._parser.parseInline(note, {"references": dict(self._survey.references)})
        return self._read_inline(tokens[0].children or [], notes={}).text

    def _read_inline(
        self, children: list[Token], *, is_item: bool = False, notes: dict[str, str] | None = None
    ) -> AnnotatedText:
        if any(child.type == "html_inline" and not _is_break(child) for child in children):
            return self._read_html(children)
        parts, code = list[str](), list[str]()
        for child in children:
            if child.type == "text":
                parts.append(child.content)
            elif child.type == "code_inline":
                parts.append(_CODE)
                code.append(child.content)
            elif _is_break(child):
                parts.append(LINE_BREAK)
            elif child.type == "softbreak":
                parts.append(_SOFT_BREAK)
        text = "".join(parts)
        text = read_extensions(
            strip_task(text) if is_item else text, self._survey.notes if notes is None else notes, self._reading
        )
        text = LINE_BREAK.join(line for part in text.split(LINE_BREAK) if (line := _join_soft(part)))
        for content in code:
            text = text.replace(_CODE, content, 1)
        return AnnotatedText(LINE_BREAK.join(map(clean_text, text.split(LINE_BREAK))))

    def _read_html(self, children: list[Token]) -> AnnotatedText:
        """Text with elements of HTML in it, as a page would have it."""
        for child in children:
            if child.type == "text":
                child.content = read_extensions(child.content, self._survey.notes, self._reading)
        page = self._parser.renderer.render([_inline_of(children)], self._parser.options, {})
        text = AnnotatedText()
        for block in parse_html([page], reading=self._reading):
            if isinstance(block, Heading | Paragraph):
                text = text.join(AnnotatedText(LINE_BREAK if text.text else "")).join(block.annotated)
        return text


def _join_cells(cells: list[AnnotatedText]) -> AnnotatedText:
    row = AnnotatedText()
    for cell in cells:
        if cell.text:
            row = row.join(AnnotatedText(", " if row.text else "")).join(cell)
    return row


def _inline_of(children: list[Token]) -> Token:
    return Token("inline", "", 0, children=children)


def _is_break(child: Token) -> bool:
    return child.type == "hardbreak" or (child.type == "html_inline" and child.content.lower().startswith("<br"))


def _join_soft(text: str) -> str:
    """Running text in one line, verse with its lines."""
    lines = [line for part in text.split(_SOFT_BREAK) if (line := clean_text(part))]
    if len(lines) > 1 and all(map(_LINE_BLOCK.match, lines)):
        return LINE_BREAK.join(line[1:].strip() for line in lines)
    return join_lines(lines)
