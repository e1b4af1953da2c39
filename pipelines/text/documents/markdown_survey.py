"""The first pass over a Markdown text: headings, front matter, link definitions and footnotes, wherever they are.

Knows lines; parses no inline text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from markdown_it.common.utils import normalizeReference

from pipelines.text.document import clean_text

from .markdown_extensions import strip_attributes
from .markdown_lines import read_lines
from .plain_reader import split_lines
from .text_language import SAMPLE_CHARACTERS

_MAX_REFERENCES = 20_000
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+\S|$)")
_SETEXT = re.compile(r" {0,3}(?:(=+)|-{2,})[ \t]*$")
_REFERENCE = re.compile(r" {0,3}\[([^\]^][^\]]{0,200})\]:[ \t]*(\S+)")
_LINK = re.compile(r"(?<!!)\[([^\[\]]{0,200})\]\([^()]{0,500}\)")
#: Pictures, notes, elements and emphasis in a title.
_TITLE_MARKS = re.compile(r"!\[[^\[\]]{0,200}\]\([^()]{0,500}\)|\[\^[^\]]*\]|<[^<>]{1,200}>|[*_`]")


@dataclass(slots=True)
class Survey:
    """The result of the first pass."""

    heading_counts: dict[int, int] = field(default_factory=dict)
    first_heading: str | None = None
    meta: dict[str, str] = field(default_factory=dict)
    references: dict[str, Any] = field(default_factory=dict)
    #: The first lines of its text.
    sample: str = ""
    #: Footnotes by name.
    notes: dict[str, str] = field(default_factory=dict)


def collect_survey(pieces: Iterable[str]) -> Survey:
    """What a text in pieces has that may be anywhere in it."""
    survey = Survey()
    before = ""
    for line, fenced in read_body(pieces, survey.meta, survey.notes):
        if fenced:
            before = ""
            continue
        if len(survey.sample) < SAMPLE_CHARACTERS:
            survey.sample += line[:SAMPLE_CHARACTERS] + "\n"
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
                survey.first_heading = _clean_title(text)
        before = line
    return survey


def _clean_title(text: str) -> str | None:
    return clean_text(_TITLE_MARKS.sub("", _LINK.sub(r"\1", text)))[:200] or None


def read_body(
    pieces: Iterable[str], meta: dict[str, str], notes: dict[str, str] | None = None
) -> Iterator[tuple[str, bool]]:
    """The lines of a text in pieces, as `read_lines`."""
    return read_lines((line for line, _ in split_lines(pieces)), meta, notes)
