"""Reads Markdown, parsed in sections of a few pages: markdown-it needs a hundred bytes for every byte that it parses.

A first pass collects headings and link definitions, which may be anywhere. Pictures and footnotes are not spoken;
tables are read row by row.
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
from pipelines.text.document import (
    HORIZONTAL_RULE,
    Block,
    Document,
    Heading,
    Paragraph,
    clean_text,
    find_chapter_level,
    insert_chapters,
    split_paragraph,
)

from .encoding import read_text_file
from .html_blocks import parse_html
from .plain_reader import split_lines

#: Characters from which a section ends where a new block begins, and at which it ends anywhere.
_SECTION, _MAX_SECTION = 8_192, 12_288
#: More brackets in a section are not links; matching them takes quadratic time.
_MAX_BRACKETS = 1_000
_MAX_REFERENCES = 20_000

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+\S|$)")
_SETEXT = re.compile(r" {0,3}(?:(=+)|-{2,})[ \t]*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_REFERENCE = re.compile(r" {0,3}\[([^\]^][^\]]{0,200})\]:[ \t]*(\S+)")
_FOOTNOTE = re.compile(r" {0,3}\[\^[^\]]{1,100}\]:")
_FOOTNOTE_MARK = re.compile(r"\[\^[^\]\s]{1,100}\]")
_META = re.compile(r"(title|author|lang|language)\s*:\s*(.+)$", re.I)


@dataclass(slots=True)
class _Survey:
    """The result of the first pass."""

    heading_counts: dict[int, int] = field(default_factory=dict)
    first_heading: str | None = None
    meta: dict[str, str] = field(default_factory=dict)
    references: dict[str, Any] = field(default_factory=dict)


def read_file(path: Path, limits: Limits) -> Document:
    """A Markdown file as a document. Raises `UnreadableInput` where it is not text."""
    survey = _collect_survey(read_text_file(path, limits.text_characters))
    title = survey.meta.get("title") or (survey.first_heading if survey.heading_counts.get(1) == 1 else None)
    return Document(
        blocks=insert_chapters(
            _blocks(read_text_file(path, limits.text_characters), survey), find_chapter_level(survey.heading_counts)
        ),
        title=title,
        author=survey.meta.get("author"),
        language=survey.meta.get("lang") or survey.meta.get("language"),
    )


def _collect_survey(pieces: Iterable[str]) -> _Survey:
    survey = _Survey()
    before = ""
    for line, fenced in _read_body(pieces, survey.meta):
        if fenced:
            before = ""
            continue
        level = 0
        if found := _ATX.match(line):
            level, text = len(found.group(1)), line.strip(" \t#")
        elif before.strip() and not _ATX.match(before) and (found := _SETEXT.match(line)):
            level, text = (1 if found.group(1) else 2), before
        elif (found := _REFERENCE.match(line)) and len(survey.references) < _MAX_REFERENCES:
            survey.references[normalizeReference(found.group(1))] = {"title": "", "href": found.group(2)}
        if level:
            survey.heading_counts[level] = survey.heading_counts.get(level, 0) + 1
            if level == 1 and survey.first_heading is None:
                survey.first_heading = clean_text(re.sub(r"[*_`]", "", text))[:200] or None
        before = line
    return survey


def _blocks(pieces: Iterable[str], survey: _Survey) -> Iterator[Block]:
    parser = MarkdownIt("commonmark").enable("table")
    section: list[str] = []
    size, cut, blank, fence = 0, False, False, ""
    for line, fenced in _read_body(pieces, {}):
        begins = blank and line[:1].strip() != ""
        if (size >= _SECTION and begins and not fenced) or size >= _MAX_SECTION:
            yield from _parse_section(parser, section, survey, cut)
            cut = not begins
            # A code block that was cut goes on as one.
            section = [fence] if fenced and fence and not _FENCE.match(line) else []
            size = 0
        if found := _FENCE.match(line):
            fence = found.group()
        blank = not line.strip()
        if fenced or not _FOOTNOTE.match(line):
            section.append(line)
            size += len(line) + 1
    yield from _parse_section(parser, section, survey, cut)


def _read_body(pieces: Iterable[str], meta: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """(line, whether it is in a code block or a fence of one); front matter of `key: value` lines goes to `meta`."""
    fence, in_head = "", False
    for number, (line, _) in enumerate(split_lines(pieces)):
        if number == 0 and line.rstrip() == "---":
            in_head = True
            continue
        if in_head:
            in_head = line.rstrip() not in ("---", "...") and number < 100
            if found := _META.match(line):
                meta[found.group(1).lower()] = clean_text(found.group(2)).strip("\"'")
            continue
        found = _FENCE.match(line)
        if fence:
            closes = found is not None and found.group(1).startswith(fence) and line.strip() == found.group(1)
            yield line, True
            fence = "" if closes else fence
        else:
            fence = found.group(1) if found else ""
            yield line, bool(fence)


def _parse_section(parser: MarkdownIt, section: list[str], survey: _Survey, continues: bool) -> Iterator[Block]:
    if not section:
        return
    text = "\n".join(section)
    if text.count("[") > _MAX_BRACKETS:
        parser = MarkdownIt("commonmark").enable("table").disable(["link", "image", "reference"])
    # A copy: the parser adds the definitions of the section, but the first one in the document takes precedence.
    for block in _convert_tokens(parser.parse(text, {"references": dict(survey.references)})):
        if continues and isinstance(block, Paragraph):
            block = Paragraph(block.text, continues=True)
        continues = False
        yield block


def _convert_tokens(tokens: list[Token]) -> Iterator[Block]:
    level, row = 0, list[str]()
    in_cell = False
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type in ("td_open", "th_open"):
            in_cell = True
        elif token.type == "tr_close":
            yield from split_paragraph(", ".join(cell for cell in row if cell))
            row, in_cell = [], False
        elif token.type == "inline":
            text = clean_text(_FOOTNOTE_MARK.sub("", _inline_text(token.children or [])))
            if in_cell:
                row.append(text)
            elif level and text:
                yield Heading(text, level)
            else:
                yield from split_paragraph(text)
            level = 0
        elif token.type in ("fence", "code_block"):
            yield from split_paragraph(token.content)
        elif token.type == "hr":
            yield HORIZONTAL_RULE
        elif token.type == "html_block":
            yield from parse_html([token.content])


def _inline_text(children: list[Token]) -> str:
    parts = []
    for child in children:
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak") or (
            child.type == "html_inline" and child.content.lower().startswith("<br")
        ):
            parts.append(" ")
    return "".join(parts)
