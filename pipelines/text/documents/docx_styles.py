"""The styles of a DOCX file: which are headings or entries of a table of contents, and what they say of runs.

Style names are English whatever the language of the program that wrote them. A style has what its parents have unless
it says otherwise (ECMA-376 part 1, 17.7).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .archive import Archive
from .safe_xml import local_name, parse_xml

PART_BYTES = 16 << 20
_HEADING_NAME = re.compile(r"heading ([1-9])$", re.I)
_CONTENTS_NAME = re.compile(r"(?:toc|index) (?:[1-9]|heading)$|table of (?:figures|authorities)$|toa heading$", re.I)
#: Half points above the line from which text is raised.
_RAISED_HALF_POINTS = 4
_MOST_PARENTS = 20


@dataclass(frozen=True, slots=True)
class RunProperties:
    """What is said of a run of text; None = nothing."""

    is_hidden: bool | None = None
    is_raised: bool | None = None
    #: BCP 47.
    language: str | None = None

    def over(self, other: RunProperties) -> RunProperties:
        """These properties, and those of `other` where they say nothing."""
        return RunProperties(
            other.is_hidden if self.is_hidden is None else self.is_hidden,
            other.is_raised if self.is_raised is None else self.is_raised,
            self.language or other.language,
        )

    def set(self, name: str, attributes: Any) -> RunProperties:
        """With what one element of a run's properties says; `name` without its namespace."""
        value = attribute_of(attributes, "val")
        if name == "vanish":
            return replace(self, is_hidden=is_on(attributes))
        if name == "vertAlign":
            return replace(self, is_raised=value == "superscript")
        if name == "position" and value.isdigit():
            return replace(self, is_raised=int(value) >= _RAISED_HALF_POINTS)
        if name == "lang" and value:
            return replace(self, language=value)
        return self


#: The elements that `RunProperties.set` knows.
RUN_PROPERTIES = frozenset(["vanish", "vertAlign", "position", "lang"])
PLAIN = RunProperties()


@dataclass(slots=True)
class DocxStyles:
    """Styles by their ids. The level of a title is 0."""

    heading_levels: dict[str, int] = field(default_factory=dict)
    contents: set[str] = field(default_factory=set)
    runs: dict[str, RunProperties] = field(default_factory=dict)
    #: BCP 47.
    language: str | None = None


def read_styles(archive: Archive, main: str) -> DocxStyles:
    """The styles beside the main part; without them, what Word calls its own."""
    name = posixpath.join(posixpath.dirname(main), "styles.xml")
    if name not in archive:
        levels = {f"Heading{level}": level for level in range(1, 10)} | {"Title": 0}
        raised = dict.fromkeys(("FootnoteReference", "EndnoteReference"), RunProperties(is_raised=True))
        return DocxStyles(levels, {*(f"TOC{level}" for level in range(1, 10)), "TOCHeading"}, raised)
    styles, parents = DocxStyles(), dict[str, str]()
    for element in parse_xml(archive.read(name, PART_BYTES), "The document's styles"):
        if local_name(element) == "docDefaults":
            styles.language = (
                next((value_of(lang) for lang in element.iter() if local_name(lang) == "lang"), "") or None
            )
        elif local_name(element) == "style":
            style_id = attribute_of(element.attrib, "styleId")
            _read_style(styles, style_id, element)
            for based in (child for child in element if local_name(child) == "basedOn"):
                parents[style_id] = value_of(based)
    for style_id in parents:
        _inherit(styles, style_id, parents)
    styles.heading_levels = {style_id: level for style_id, level in styles.heading_levels.items() if level < 10}
    return styles


def _read_style(styles: DocxStyles, style_id: str, style: Any) -> None:
    properties = PLAIN
    for element in style.iter():
        tag, value = local_name(element), value_of(element)
        if tag == "name" and (found := _HEADING_NAME.match(value)):
            styles.heading_levels[style_id] = int(found.group(1))
        elif tag == "name" and value.lower() == "title":
            styles.heading_levels[style_id] = 0
        elif tag == "name" and _CONTENTS_NAME.match(value):
            styles.contents.add(style_id)
        elif tag == "outlineLvl" and value.isdigit():
            # Level 10 is that of body text.
            styles.heading_levels.setdefault(style_id, int(value) + 1)
        elif tag in RUN_PROPERTIES:
            properties = properties.set(tag, element.attrib)
    styles.runs[style_id] = properties


def _inherit(styles: DocxStyles, style_id: str, parents: Mapping[str, str]) -> None:
    """Complete a style with what its parents say."""
    parent = parents.get(style_id)
    for _ in range(_MOST_PARENTS):
        if parent is None:
            return
        styles.runs[style_id] = styles.runs.get(style_id, PLAIN).over(styles.runs.get(parent, PLAIN))
        if parent in styles.heading_levels:
            styles.heading_levels.setdefault(style_id, styles.heading_levels[parent])
        parent = parents.get(parent)


def attribute_of(attributes: Any, name: str) -> str:
    """An attribute of any namespace; "" where there is none."""
    return next((value for key, value in _items(attributes) if key.rpartition("}")[2] == name), "")


def value_of(element: Any) -> str:
    """The attribute `val` of an element."""
    return attribute_of(element.attrib, "val")


def is_on(attributes: Any) -> bool:
    """Whether a property is on: its element alone says so, a value may say no."""
    return attribute_of(attributes, "val").lower() not in ("0", "false", "off")


def _items(attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from attributes.items()
