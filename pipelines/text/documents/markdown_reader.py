"""Reads Markdown, parsed in sections of a few pages: markdown-it needs a hundred bytes for every byte that it parses.

A first pass collects headings, link definitions and footnotes, which may be anywhere. Pictures are not spoken; tables
are read row by row. Beside CommonMark and GitHub's tables, markdown_extensions.py knows what other programs write.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
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
from pipelines.text.lines import join_items, join_lines

from .chapter_titles import find_headings
from .code_blocks import read_code
from .encoding import read_text_file
from .html_blocks import parse_html
from .html_rules import Omission
from .markdown_contents import drop_contents_titles, is_link_within, leads_to_other_pages
from .markdown_extensions import read_extensions, strip_task
from .markdown_lines import FENCE
from .markdown_survey import Survey, collect_survey, read_body
from .reading import DEFAULT_OPTIONS, Reading, ReadingOptions
from .text_language import detect_language

#: Characters from which a section ends where a new block begins, and at which it ends anywhere.
_SECTION, _MAX_SECTION = 8_192, 12_288
#: More brackets in a section are not links; matching them takes quadratic time.
_MAX_BRACKETS = 1_000

#: In the place of code and of line breaks, while the text around them is read.
_CODE, _SOFT_BREAK = "\ue000", "\ue001"
_LINE_BLOCK = re.compile(r"\|(?: |$)")


def read_file(path: Path, limits: Limits, options: ReadingOptions = DEFAULT_OPTIONS) -> Document:
    """A Markdown file as a document. Raises `UnreadableInput` where it is not text."""
    most = limits.text_characters
    survey = collect_survey(read_text_file(path, most, options))
    title = survey.meta.get("title") or (survey.first_heading if survey.heading_counts.get(1) == 1 else None)
    language = survey.meta.get("lang") or survey.meta.get("language")
    reading, warnings = Reading(options, language), list[str]()

    def blocks() -> Iterator[Block]:
        sections = _SectionReader(survey, reading)
        if options.notes == "inline":
            survey.notes = {name: sections.read_note(note) for name, note in survey.notes.items()}
        level = find_chapter_level(survey.heading_counts)
        body = drop_contents_titles(sections.blocks(read_text_file(path, most, options)), reading)
        body = _place_notes(body, level, sections, reading)
        yield from insert_chapters(body if survey.heading_counts else find_headings(body), level)
        if options.notes == "end":
            # Those that nothing refers to.
            for name in [name for name in survey.notes if name not in reading.note_addresses]:
                yield from split_paragraph(sections.read_note(survey.notes[name]))
        elif survey.notes and options.notes == "skip":
            reading.omissions[Omission.NOTE] += len(survey.notes)
        warnings.extend(reading.warnings())

    return Document(
        blocks=blocks(),
        title=title,
        author=survey.meta.get("author") or survey.meta.get("authors"),
        language=language,
        detected_language=None if options.language or language else detect_language(survey.sample),
        warnings=warnings,
    )


def _place_notes(blocks: Iterable[Block], level: int, sections: _SectionReader, reading: Reading) -> Iterator[Block]:
    """The blocks, with the notes that a chapter refers to at its end; headings of `level` or above begin chapters."""

    def take(count: int) -> Iterator[Block]:
        taken, reading.pending_notes[:count] = reading.pending_notes[:count], []
        for note in taken:
            yield from split_paragraph(sections.read_note(note))

    before = 0
    for block in blocks:
        if isinstance(block, Heading) and block.level <= level:
            # But for those that the heading itself refers to.
            yield from take(before)
        before = len(reading.pending_notes)
        yield block
    yield from take(len(reading.pending_notes))


@dataclass(frozen=True, slots=True)
class _ListItem:
    """An item of a list, of one paragraph. `number`: of the list, with those in it."""

    text: AnnotatedText
    number: int


class _SectionReader:
    """Parses a text section by section."""

    def __init__(self, survey: Survey, reading: Reading) -> None:
        self._survey, self._reading = survey, reading
        self._parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])

    def blocks(self, pieces: Iterable[str]) -> Iterator[Block]:
        """The blocks of a text in pieces."""
        section: list[str] = []
        size, cut, blank, fence = 0, False, False, ""
        for line, fenced in read_body(pieces, {}):
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
        for block in _join_items(self._convert(parser.parse(text, {"references": dict(self._survey.references)}))):
            if continues and isinstance(block, Paragraph):
                block = Paragraph(block.text, continues=True)
            continues = False
            yield block

    def _convert(self, tokens: list[Token]) -> Iterator[Block | _ListItem]:
        level, row = 0, list[AnnotatedText]()
        lists = number = 0
        in_cell = is_item = is_tight = False
        for token in tokens:
            if token.type == "heading_open":
                level = int(token.tag[1])
            elif token.type in ("td_open", "th_open"):
                in_cell = True
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                lists += 1
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                lists -= 1
                number += lists == 0
            elif token.type == "list_item_open":
                is_item = True
            elif token.type == "paragraph_open":
                is_tight = token.hidden
            elif token.type == "tr_close":
                yield from map(Paragraph.from_annotated, split_annotated(_join_cells(row)))
                row, in_cell = [], False
            elif token.type == "inline":
                children = token.children or []
                is_link = is_item and is_link_within(children)
                text = AnnotatedText() if is_link else self._read_inline(children, is_item=is_item)
                if is_link or (not level and not in_cell and leads_to_other_pages(children, text.text)):
                    self._reading.omissions[Omission.NAVIGATION] += 1
                    text = AnnotatedText()
                is_item = False
                if in_cell:
                    row.append(text)
                elif level and text.text:
                    yield Heading(text.text, level, text.styles, text.spoken_forms)
                elif is_tight and text.text:
                    yield _ListItem(text, number)
                else:
                    yield from map(Paragraph.from_annotated, split_annotated(text))
                level, is_tight = 0, False
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


def _join_items(blocks: Iterable[Block | _ListItem]) -> Iterator[Block]:
    """The blocks, with the items of a list as one paragraph where they are phrases."""
    items: list[_ListItem] = []
    for block in itertools.chain(blocks, [None]):
        if isinstance(block, _ListItem) and (not items or items[-1].number == block.number):
            items.append(block)
            continue
        for text in join_items([item.text for item in items]):
            yield from map(Paragraph.from_annotated, split_annotated(text))
        items = [block] if isinstance(block, _ListItem) else []
        if block is not None and not isinstance(block, _ListItem):
            yield block


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
    if lines and all(line.startswith("|") and line.endswith("|") and len(line) > 1 for line in lines):
        return LINE_BREAK.join(", ".join(filter(None, map(str.strip, line.split("|")))) for line in lines)
    if len(lines) > 1 and all(map(_LINE_BLOCK.match, lines)):
        return LINE_BREAK.join(line[1:].strip() for line in lines)
    return join_lines(lines)
