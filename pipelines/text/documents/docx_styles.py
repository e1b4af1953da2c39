"""The styles of a DOCX file: which are headings or entries of a table of contents, and what they say of runs.

Word's style names are English whatever its language; other programs translate them. A style has what its parents have
unless it says otherwise (ECMA-376 part 1, 17.7).
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
#: In the languages of programs that translate it, too.
_HEADING_NAME = re.compile(
    r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|overskrift|otsikko|nagłówek|nadpis|заголовок|başlık|"
    r"見出し|标题|標題)\s?([1-9])(?:$|,)",
    re.I,
)
_TITLE_NAME = re.compile(r"title|titel|titre|título|titolo|название|表題|标题", re.I)
_EAST_ASIAN = re.compile("[\u1100-\u11ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff66-\uff9f]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u07ff\ufb1d-\ufdff\ufe70-\ufefc]")
#: Where a program wants no language checked.
_NO_LANGUAGE = frozenset(["", "x-none", "none", "und", "zxx"])
_CONTENTS_NAME = re.compile(r"(?:toc|index) (?:[1-9]|heading)$|table of (?:figures|authorities)$|toa heading$", re.I)
#: Half points above the line from which text is raised.
_RAISED_HALF_POINTS = 4
_MOST_PARENTS = 20


@dataclass(frozen=True, slots=True)
class RunProperties:
    """What is said of a run of text; None = nothing."""

    is_hidden: bool | None = None
    is_raised: bool | None = None
    #: BCP 47: of letters, of East Asian characters, and of what is written from right to left.
    language: str | None = None
    east_asian: str | None = None
    right_to_left: str | None = None

    def language_of(self, text: str) -> str | None:
        """The language of some text, by its script."""
        if _EAST_ASIAN.search(text):
            return self.east_asian
        if _RIGHT_TO_LEFT.search(text):
            return self.right_to_left
        return self.language

    def over(self, other: RunProperties) -> RunProperties:
        """These properties, and those of `other` where they say nothing."""
        return RunProperties(
            other.is_hidden if self.is_hidden is None else self.is_hidden,
            other.is_raised if self.is_raised is None else self.is_raised,
            self.language or other.language,
            self.east_asian or other.east_asian,
            self.right_to_left or other.right_to_left,
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
        if name == "lang":
            tags = (_language(attributes, key) for key in ("val", "eastAsia", "bidi"))
            return RunProperties(self.is_hidden, self.is_raised, *tags).over(self)
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
    #: Those of items of lists.
    items: set[str] = field(default_factory=set)
    #: What runs have without a style.
    defaults: RunProperties = PLAIN


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
            for language in (each for each in element.iter() if local_name(each) == "lang"):
                styles.defaults = styles.defaults.set("lang", language.attrib)
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
        elif tag == "name" and _TITLE_NAME.fullmatch(value):
            styles.heading_levels[style_id] = 0
        elif tag == "name" and _CONTENTS_NAME.match(value):
            styles.contents.add(style_id)
        elif tag == "outlineLvl" and value.isdigit():
            # Level 10 is that of body text.
            styles.heading_levels.setdefault(style_id, int(value) + 1)
        elif tag == "numId" and value != "0":
            styles.items.add(style_id)
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
        if parent in styles.items:
            styles.items.add(style_id)
        if parent in styles.heading_levels:
            styles.heading_levels.setdefault(style_id, styles.heading_levels[parent])
        parent = parents.get(parent)


def _language(attributes: Any, key: str) -> str | None:
    tag = attribute_of(attributes, key)
    return None if tag.lower() in _NO_LANGUAGE else tag


def attribute_of(attributes: Any, name: str) -> str:
    """An attribute of any namespace; "" where there is none."""
    return next((value for key, value in _items(attributes) if key.rpartition("}")[2] == name), "")


def value_of(element: Any) -> str:
    """The attribute `val` of an element."""
    return attribute_of(element.attrib, "val")


def is_on(attributes: Any) -> bool:
    """Whether a property is on: its element alone says so, a value may say no."""
    return not _says_no(attribute_of(attributes, "val"))


def is_set(attributes: Any, name: str) -> bool:
    """Whether an attribute is there and does not say no."""
    value = attribute_of(attributes, name)
    return bool(value) and not _says_no(value)


def _says_no(value: str) -> bool:
    return value.lower() in ("0", "false", "off")


def _items(attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from attributes.items()
