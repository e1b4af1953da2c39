"""Markdown, parsed in pieces of a few pages: markdown-it keeps a hundred bytes for every one it reads.

A first pass learns the headings and the link definitions, which may stand anywhere. Pictures and footnotes are for the
eye; tables are read row by row.
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

from pipelines.text.document import (
    RULE,
    Block,
    Document,
    Heading,
    Paragraph,
    chapter_level,
    chapters_from_headings,
    clean,
    paragraphs,
)

from .encoding import file_text
from .html_blocks import html_blocks
from .plain_reader import lines

#: A section is parsed once it is so long and a new block begins; at the latest where it is `_LONGEST`.
_SECTION, _LONGEST = 8_192, 12_288
#: More brackets than this in a section are no links; to look for the end of each takes time squared.
_MOST_BRACKETS = 1_000
_MOST_REFERENCES = 20_000

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+\S|$)")
_SETEXT = re.compile(r" {0,3}(?:(=+)|-{2,})[ \t]*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_REFERENCE = re.compile(r" {0,3}\[([^\]^][^\]]{0,200})\]:[ \t]*(\S+)")
_FOOTNOTE = re.compile(r" {0,3}\[\^[^\]]{1,100}\]:")
_FOOTNOTE_MARK = re.compile(r"\[\^[^\]\s]{1,100}\]")
_META = re.compile(r"(title|author|lang|language)\s*:\s*(.+)$", re.I)


@dataclass(slots=True)
class _Facts:
    """What the first pass learnt."""

    heading_counts: dict[int, int] = field(default_factory=dict)
    first_heading: str | None = None
    meta: dict[str, str] = field(default_factory=dict)
    references: dict[str, Any] = field(default_factory=dict)


def read_file(path: Path, maximum_characters: int) -> Document:
    """A Markdown file as a document. Raises `UnreadableInput` where it is no text."""
    facts = _survey(file_text(path, maximum_characters))
    title = facts.meta.get("title") or (facts.first_heading if facts.heading_counts.get(1) == 1 else None)
    return Document(
        blocks=chapters_from_headings(
            _blocks(file_text(path, maximum_characters), facts), chapter_level(facts.heading_counts)
        ),
        title=title,
        author=facts.meta.get("author"),
        language=facts.meta.get("lang") or facts.meta.get("language"),
    )


def _survey(pieces: Iterable[str]) -> _Facts:
    facts = _Facts()
    before = ""
    for line, fenced in _body(pieces, facts.meta):
        if fenced:
            before = ""
            continue
        level = 0
        if found := _ATX.match(line):
            level, text = len(found.group(1)), line.strip(" \t#")
        elif before.strip() and not _ATX.match(before) and (found := _SETEXT.match(line)):
            level, text = (1 if found.group(1) else 2), before
        elif (found := _REFERENCE.match(line)) and len(facts.references) < _MOST_REFERENCES:
            facts.references[normalizeReference(found.group(1))] = {"title": "", "href": found.group(2)}
        if level:
            facts.heading_counts[level] = facts.heading_counts.get(level, 0) + 1
            if level == 1 and facts.first_heading is None:
                facts.first_heading = clean(re.sub(r"[*_`]", "", text))[:200] or None
        before = line
    return facts


def _blocks(pieces: Iterable[str], facts: _Facts) -> Iterator[Block]:
    parser = MarkdownIt("commonmark").enable("table")
    section: list[str] = []
    size, cut, blank, fence = 0, False, False, ""
    for line, fenced in _body(pieces, {}):
        begins = blank and line[:1].strip() != ""
        if (size >= _SECTION and begins and not fenced) or size >= _LONGEST:
            yield from _parsed(parser, section, facts, cut)
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
    yield from _parsed(parser, section, facts, cut)


def _body(pieces: Iterable[str], meta: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """Each line and whether it is inside a code block (its fences too); a head of `key: value` lines goes to `meta`."""
    fence, in_head = "", False
    for number, (line, _) in enumerate(lines(pieces)):
        if number == 0 and line.rstrip() == "---":
            in_head = True
            continue
        if in_head:
            in_head = line.rstrip() not in ("---", "...") and number < 100
            if found := _META.match(line):
                meta[found.group(1).lower()] = clean(found.group(2)).strip("\"'")
            continue
        found = _FENCE.match(line)
        if fence:
            closes = found is not None and found.group(1).startswith(fence) and line.strip() == found.group(1)
            yield line, True
            fence = "" if closes else fence
        else:
            fence = found.group(1) if found else ""
            yield line, bool(fence)


def _parsed(parser: MarkdownIt, section: list[str], facts: _Facts, continues: bool) -> Iterator[Block]:
    if not section:
        return
    text = "\n".join(section)
    if text.count("[") > _MOST_BRACKETS:
        parser = MarkdownIt("commonmark").enable("table").disable(["link", "image", "reference"])
    # A copy: the parser adds what it finds, and the first definition of a name is to win everywhere.
    for block in _spoken(parser.parse(text, {"references": dict(facts.references)})):
        if continues and isinstance(block, Paragraph):
            block = Paragraph(block.text, continues=True)
        continues = False
        yield block


def _spoken(tokens: list[Token]) -> Iterator[Block]:
    level, row = 0, list[str]()
    in_cell = False
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type in ("td_open", "th_open"):
            in_cell = True
        elif token.type == "tr_close":
            yield from paragraphs(", ".join(cell for cell in row if cell))
            row, in_cell = [], False
        elif token.type == "inline":
            text = clean(_FOOTNOTE_MARK.sub("", _inline(token.children or [])))
            if in_cell:
                row.append(text)
            elif level and text:
                yield Heading(text, level)
            else:
                yield from paragraphs(text)
            level = 0
        elif token.type in ("fence", "code_block"):
            yield from paragraphs(token.content)
        elif token.type == "hr":
            yield RULE
        elif token.type == "html_block":
            yield from html_blocks([token.content])


def _inline(children: list[Token]) -> str:
    parts = []
    for child in children:
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak") or (
            child.type == "html_inline" and child.content.lower().startswith("<br")
        ):
            parts.append(" ")
    return "".join(parts)
