"""What an element of a page is for, by its name and attributes: text, or something that is not read aloud.

Data and pure functions. Sources: EPUB 3 Structural Semantics Vocabulary, Digital Publishing WAI-ARIA Module 1.1 (its
roles begin with "doc-"), and the class names that converters write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Omission(StrEnum):
    """Why text is not read, in the plural, for the warning that counts it."""

    HIDDEN = "hidden passages"
    NAVIGATION = "navigation links"
    NOTE = "notes"
    NOTE_REFERENCE = "note references"
    PAGE_NUMBER = "page numbers"
    LINE_NUMBER = "line numbers"
    FORMULA = "formulas"
    CODE = "code blocks"
    BOILERPLATE = "licence texts of Project Gutenberg"
    PICTURE = "descriptions of pictures"
    CONTENTS = "entries of a table of contents"
    OUTSIDE_PAGE = "pages outside of the reading order"
    CONTENTS_PAGE = "pages with a table of contents"
    TRANSCRIBER = "notes of transcribers"
    WEB_PART = "parts of a web page around its text"
    PICTURE_PAGE = "pages with pictures alone"


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


#: They never hold text of the page.
NEVER_READ = _words("""
    script style template noscript iframe embed audio video canvas select textarea button map head rp svg
    datalist progress meter epub:case defs metadata desc title
""")
BLOCKS = _words("""
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer
    form header hgroup hr html legend li main menu nav ol p pre section summary table tbody tfoot thead tr ul
    frontmatter bodymatter rearmatter level level1 level2 level3 level4 level5 level6 doctitle docauthor line linegroup
    poem sidebar imggroup text
""")
#: Elements that are left out whatever their attributes are; those behind "nav" are DTBook's (ANSI/NISO Z39.86).
_OMITTED_TAGS: Mapping[str, Omission] = {
    "nav": Omission.NAVIGATION,
    "pagenum": Omission.PAGE_NUMBER,
    "linenum": Omission.LINE_NUMBER,
    "noteref": Omission.NOTE_REFERENCE,
    "annoref": Omission.NOTE_REFERENCE,
    "note": Omission.NOTE,
    "annotation": Omission.NOTE,
}
#: What Project Gutenberg puts around its books.
_BOILERPLATE_IDS = frozenset(["pg-header", "pg-footer", "pg-machine-header"])
_BOILERPLATE_CLASSES = frozenset(["pg-boilerplate", "pgheader", "pgfooter"])
_TRANSCRIBER_CLASSES = re.compile(r"(?:transcribers?|trans|tn)[-_]?(?:s[-_]?)?(?:notes?|box)|tnotes?")
#: A note has one of these as its outermost element.
NOTE_BLOCKS = _words("p div li dd dt aside blockquote td tr dl section")
HEADINGS: Mapping[str, int] = {f"h{level}": level for level in range(1, 7)}

#: Words of epub:type and, behind "doc-", of role.
_KINDS: Mapping[str, Omission] = {
    "noteref": Omission.NOTE_REFERENCE,
    "annoref": Omission.NOTE_REFERENCE,
    "footnote": Omission.NOTE,
    "footnotes": Omission.NOTE,
    "endnote": Omission.NOTE,
    "endnotes": Omission.NOTE,
    "rearnote": Omission.NOTE,
    "rearnotes": Omission.NOTE,
    "note": Omission.NOTE,
    "pagebreak": Omission.PAGE_NUMBER,
    "page-list": Omission.PAGE_NUMBER,
    "toc": Omission.NAVIGATION,
    "landmarks": Omission.NAVIGATION,
    "index": Omission.NAVIGATION,
    "backlink": Omission.NAVIGATION,
}
#: Class names whose elements hold notes whatever stands in them.
#: A "note" by itself is often a remark that is set apart; as a note it is known by what refers to it.
_NOTE_CLASSES = re.compile(
    r"(?:foot|end|rear|side)-?_?notes?(?:-?_?(?:text|body|content|section))?|notes|notes?-?_?(?:text|section)|fn-?text|fndef"
)
#: Class names that are trusted where the content looks like it.
_LIKELY: Mapping[Omission, re.Pattern[str]] = {
    Omission.PAGE_NUMBER: re.compile(
        r"new-?_?page|page-?_?(?:num(?:ber)?s?|no|nr|break|start)|pg-?_?(?:num|no|nr|break)|pb|folio"
    ),
    Omission.LINE_NUMBER: re.compile(r"l(?:ine)?-?_?n(?:o|r|um(?:ber)?)s?|v(?:erse)?-?_?num(?:ber)?s?"),
    Omission.NOTE_REFERENCE: re.compile(
        r"(?:foot|end)?-?_?note-?_?(?:ref(?:erence)?|link|anchor|call|marker|number)|fn-?_?(?:ref|anchor|link)?|"
        r"(?:foot|end)notes?|(?:_id)?footnote-?link"
    ),
}
_CONTENT: Mapping[Omission, re.Pattern[str]] = {
    Omission.PAGE_NUMBER: re.compile(
        r"[\[({|–—-]*\s*(?:pg|page|pp?|s|seite|página|pág|pag|fol?)?\.?\s*"
        r"[\divxlcdm]{1,7}[abrv]?(?:\s*[,/–-]\s*[\divxlcdm]{1,7}[abrv]?)?\.?\s*[\])}|–—-]*",
        re.I,
    ),
    Omission.LINE_NUMBER: re.compile(r"\d{1,5}"),
    Omission.NOTE_REFERENCE: re.compile(
        r"[\[({]?\s*(?:(?:fn|note|nb|n)\.?\s*)?(?:\d{1,4}|[*†‡§¶‖#]{1,4}|[a-z]|[ivxlc]{1,6})\s*[\])}]?\.?", re.I
    ),
}
#: An anchor at the beginning of a page of the printed book.
_PAGE_ID = re.compile(r"(?:page|pg)[-_.]?(?:\d{1,4}|[ivxlc]{1,7})", re.I)
_REFERENCE = re.compile(
    r"\[\s*(?:(?:note|nb|n)\s*)?(?:\d{1,4}|[a-z]|[ivxlc]{1,6})\s*\]|\(\d{1,3}\)|[*†‡§¶‖]{1,4}", re.I
)
#: What holds raised text, whether a class or a style says so.
RAISED_BY_STYLE = frozenset(["span", "a", "small"])
_RAISED = re.compile(r"super(?:script)?|sup|exponent|msofootnotereference")
_RAISING_STYLE = re.compile(r"vertical-align\s*:\s*super", re.I)
_SHOWN_OBJECT = re.compile(
    r"^(?:image|video|audio)/|flash|\.(?:svgz?|png|jpe?g|gif|webp|swf|mp[34]|ogg|webm|mov)\b|^ *$", re.I
)
_LINE_STYLE = re.compile(r"display\s*:\s*block", re.I)
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
#: Class names of a letter that is set larger than the rest of its word.
_DROP_CAP = re.compile(r"drop|initial|first-?_?letter|\bcap(?:ital)?s?\b|lettrine|big|raised", re.I)
_PICTURED = re.compile(
    r"(?i:(?:(?:drop|decorat(?:ed|ive)|illuminated|ornamented|ornate|initial|capital|letter|large|cap)[\s:-]*)+)"
    r"[\"“'‘]?([A-ZÀ-Þ])[\"”'’]?"
)
#: Of pictures that stand in headings and show no text; names of files.
_NO_HEADING = re.compile(
    r"(?:images?|img|pictures?|pic|illustrations?|illus\.?|decorations?|ornaments?|logo|cover|photo|icon|headpiece|header|"
    r"divider|separator|untitled|unknown|chapter heading)?\W*\d*|\S+\.(?:jpe?g|png|gif|svg|webp|tiff?|bmp)",
    re.I,
)
_MAX_HEADING = 120
#: "O", "“T", "¿Q".
_SINGLE_LETTER = re.compile(r"[\"“”„«»‘’'(¿¡]{0,2}[^\W\d_][\u0300-\u036f]?")
_CODE_CLASSES = re.compile(
    r"(?:source)?-?code\b|codehilite|highlight|programlisting|listing|prettyprint|language-|lang-|"
    r"screen$|console$|terminal|sourcecode|brush:"
)
_LINK_WORDS = re.compile(
    r"(?:(?:skip|jump) to (?:the )?(?:main )?(?:content|navigation|search|text)|"
    r"next|previous|prev|up|home|top|back|contents?|table of contents|index|cover|start|weiter|zurück|inhalt|"
    r"nach oben|suivant|précédent|sommaire|retour|siguiente|anterior|índice|inicio)"
    r"(?: (?:topic|chapter|page|section|part|to top|to (?:the )?(?:top|contents|index)|kapitel|seite|chapitre|page|"
    r"capítulo|página))?",
    re.I,
)


def is_never_read(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether nothing in an element is text of the page; an object that is no picture has text to replace it."""
    if tag == "object":
        source = f"{attributes.get('type') or ''} {attributes.get('data') or ''}"
        return _SHOWN_OBJECT.search(source) is not None
    return tag in NEVER_READ


def find_omission(tag: str, attributes: Mapping[str, str]) -> Omission | None:
    """Why an element is not read, whatever is in it; None where it is."""
    if not attributes:
        return _OMITTED_TAGS.get(tag)
    words = [_KINDS[word] for word in _structural_words(attributes) if word in _KINDS]
    if Omission.NOTE in words:
        # Notes that pop up are hidden until then.
        return Omission.NOTE
    if (
        "hidden" in attributes
        or (attributes.get("aria-hidden") or "").lower() == "true"
        or _HIDING_STYLE.search(attributes.get("style") or "")
    ):
        return Omission.HIDDEN
    if words:
        return words[0]
    if tag in _OMITTED_TAGS:
        return _OMITTED_TAGS[tag]
    classes = _classes(attributes)
    if attributes.get("id") in _BOILERPLATE_IDS or not _BOILERPLATE_CLASSES.isdisjoint(classes):
        return Omission.BOILERPLATE
    for word in classes:
        if _TRANSCRIBER_CLASSES.fullmatch(word):
            return Omission.TRANSCRIBER
        if word == "sidenote" or (tag not in ("a", "sup", "span") and _NOTE_CLASSES.fullmatch(word)):
            return Omission.NOTE
    return None


def find_likely_omission(tag: str, attributes: Mapping[str, str]) -> Omission | None:
    """Why an element is not read if `looks_like` agrees when its content is known."""
    if not attributes:
        return None
    if classes := _classes(attributes):
        for omission, pattern in _LIKELY.items():
            if any(pattern.fullmatch(word) for word in classes):
                return omission
    if tag in ("a", "span") and _PAGE_ID.fullmatch(attributes.get("id") or attributes.get("name") or ""):
        return Omission.PAGE_NUMBER
    return None


def looks_like(omission: Omission, content: str) -> bool:
    """Whether the content of an element is what its class says: a page number, a line number, a note reference."""
    return not content or _CONTENT[omission].fullmatch(content) is not None


def is_reference(content: str) -> bool:
    """Whether the text of a link within the document refers to a note: "[4]", "(b)", "*"."""
    return _REFERENCE.fullmatch(content) is not None


def find_heading_level(tag: str, attributes: Mapping[str, str]) -> int | None:
    """The level of a heading, 1 to 6; None for an element that is none."""
    if tag in HEADINGS:
        return HEADINGS[tag]
    if tag in ("p", "div") and attributes.get("role") == "heading":
        level = attributes.get("aria-level") or ""
        return min(6, int(level)) if level.isdecimal() and int(level) else 2
    return None


def is_raised(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether text stands above the line."""
    if tag == "sup":
        return True
    return (
        bool(attributes)
        and tag in RAISED_BY_STYLE
        and (
            any(_RAISED.fullmatch(word) for word in _classes(attributes))
            or _RAISING_STYLE.search(attributes.get("style") or "") is not None
        )
    )


def is_code(attributes: Mapping[str, str]) -> bool:
    """Whether a class of preformatted text says that it is code."""
    return any(_CODE_CLASSES.match(word) for word in _classes(attributes))


def is_drop_cap(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether an element is set as the large first letter of a text."""
    return tag == "big" or _DROP_CAP.search(attributes.get("class") or "") is not None


def is_own_line(attributes: Mapping[str, str]) -> bool:
    """Whether an element stands on lines of its own by its style."""
    return _LINE_STYLE.search(attributes.get("style") or "") is not None


def find_pictured_letter(alternative: str) -> str:
    """The letter that a picture shows, given its text: "T", "Drop cap T"; "" for another picture."""
    if is_single_letter(alternative):
        return alternative
    found = _PICTURED.fullmatch(alternative)
    return found.group(1) if found else ""


def find_pictured_heading(alternative: str) -> str:
    """The text of a heading that is a picture, given the picture's text; "" where that names the picture alone."""
    is_name = len(alternative) > _MAX_HEADING or _NO_HEADING.fullmatch(alternative) is not None
    return "" if is_name else alternative


def is_single_letter(text: str) -> bool:
    """Whether a text is one letter, perhaps behind a quotation mark."""
    return _SINGLE_LETTER.fullmatch(text) is not None


def goes_on(text: str) -> bool:
    """Whether a text goes on with a word of which the first letter stands elsewhere: "nce upon", "NCE upon"."""
    first = text.split(" ", 1)[0]
    return first[:1].islower() or (len(first) > 1 and first.isupper())


def is_consonant(text: str) -> bool:
    """Whether a letter is no word by itself."""
    return text[-1:].lower() in "bcdfghjklmnpqrstvwxz"


def is_navigation(text: str) -> bool:
    """Whether the text of links, which is all of a block, leads to other pages: "Next topic | Contents"."""
    return bool(text) and _LINK_WORDS.sub("", text).strip(" |/·•–—<>«»←→↑▲:.[]()") == ""


def _structural_words(attributes: Mapping[str, str]) -> list[str]:
    roles = [word.removeprefix("doc-") for word in (attributes.get("role") or "").split() if word.startswith("doc-")]
    return [*(attributes.get("epub:type") or "").split(), *roles]


def _classes(attributes: Mapping[str, str]) -> list[str]:
    return (attributes.get("class") or "").lower().split()
