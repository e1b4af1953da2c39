"""Makes XHTML readable for an HTML parser: closes empty elements, unpacks CDATA sections. Works on a stream of pieces.

XHTML is XML, where `<script src="x"/>` and `<title/>` are complete; to HTML they open an element that swallows the rest
of the page. libxml2's XML parser is no alternative: where a page is not well-formed, it gives up and loses the rest.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

#: What HTML knows to be empty: these need no end.
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_DECLARATION = re.compile(
    r"<\?xml\s|<!DOCTYPE[^>]*XHTML|<(?:[\w.-]+:)?html[^>]*\sxmlns(?::[\w.-]+)?\s*=\s*[\"']http://www\.w3\.org/1999/xhtml[\"']",
    re.I,
)
#: How far into a page its declaration may be.
DECLARED_WITHIN = 4096
#: What is no element: its beginning and its end.
_SECTIONS = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
#: A complete tag, or the beginning of a section. The value of an attribute may contain ">".
_TOKEN = re.compile(
    r"<!\[CDATA\[|<!--|<\?"
    r"|</(?P<end>[A-Za-z][\w.-]*+:[^\s<>/]++)"
    r"|<(?P<name>[A-Za-z][^\s<>/]*+)(?P<attributes>(?:[^<>\"']++|\"[^<\"]*+\"|'[^<']*+')*+)>"
)
#: Prefixes of the namespaces whose elements HTML has without one.
_PREFIX = re.compile(r"xmlns:([\w.-]+)\s*=\s*[\"']http://www\.w3\.org/(?:1999/xhtml|1998/Math/MathML|2000/svg)/?[\"']")
#: As they are mostly written, for pages that do not declare them.
_USUAL_PREFIXES = frozenset(["svg", "m", "mml", "math", "xhtml"])
_MAX_PREFIXES = 100
#: Namespaces of which names keep a prefix → the one by which they are read.
_KEPT = {"http://www.idpf.org/2007/ops": "epub", "http://www.w3.org/2001/10/synthesis": "ssml"}
_KEPT_PREFIX = re.compile(rf"xmlns:([\w.-]+)\s*=\s*[\"']({'|'.join(map(re.escape, _KEPT))})/?[\"']")
_PREFIXED = re.compile(r"(\s)([\w.-]+):(?=[\w.-]+\s*=)")
#: Characters of an unfinished tag that wait for the next piece.
_LONGEST_TAG = 1 << 16


def is_xhtml(start: str, media_type: str = "") -> bool:
    """Whether a page is XHTML by its media type or by what its first characters declare."""
    return media_type == "application/xhtml+xml" or _DECLARATION.search(start[:DECLARED_WITHIN]) is not None


def close_empty_elements(pieces: Iterable[str]) -> Iterator[str]:
    """The page with `<name/>` written as `<name></name>`, but for HTML's void elements; CDATA is text of the page.

    Elements of XHTML, MathML and SVG lose the prefix of their namespace.

    Comments and processing instructions are left out.
    """
    held, section = "", ""
    prefixes = _Prefixes()
    for piece in pieces:
        text, at = held + piece, 0
        ready: list[str] = []
        while at < len(text):
            if section:
                at, section = _read_section(text, at, section, ready)
                if section:
                    break
            elif found := _TOKEN.search(text, at):
                ready.append(text[at : found.start()])
                at, section = found.end(), found.group() if found.group() in _SECTIONS else ""
                if not section:
                    ready.append(_close(found, prefixes))
            else:
                break
        unfinished = at if section else max(at, _find_unfinished(text))
        if not section:
            ready.append(text[at:unfinished])
        held = text[unfinished:]
        yield "".join(ready)
    if held:
        yield html.escape(held, quote=False) if section == "<![CDATA[" else held


def _read_section(text: str, at: int, section: str, ready: list[str]) -> tuple[int, str]:
    """Pass on the text of a section. Returns where it ends and "", or where it has been read to and the section."""
    ending = _SECTIONS[section]
    end = text.find(ending, at)
    # The last characters may be the beginning of the end.
    until = end if end >= 0 else max(at, len(text) - len(ending) + 1)
    if section == "<![CDATA[":
        ready.append(html.escape(text[at:until], quote=False))
    return (end + len(ending), "") if end >= 0 else (until, section)


class _Prefixes:
    """The prefixes of namespaces that a page has declared so far."""

    def __init__(self) -> None:
        self._dropped = set(_USUAL_PREFIXES)
        #: Prefix → the usual one of its namespace.
        self._renamed: dict[str, str] = {}

    def declare(self, attributes: str) -> None:
        """Take up what a tag declares."""
        if len(self._dropped) + len(self._renamed) < _MAX_PREFIXES:
            self._dropped.update(_PREFIX.findall(attributes))
            found = {prefix: _KEPT[namespace] for prefix, namespace in _KEPT_PREFIX.findall(attributes)}
            self._renamed.update((prefix, usual) for prefix, usual in found.items() if prefix != usual)

    def rename(self, name: str) -> str:
        """The name of an element as HTML, or this package, has it."""
        prefix, _, local = name.rpartition(":")
        if prefix in self._dropped:
            return local
        return f"{self._renamed[prefix]}:{local}" if prefix in self._renamed else name

    def rename_attributes(self, attributes: str) -> str:
        """The attributes of a tag, with the usual prefixes."""
        if not self._renamed or ":" not in attributes:
            return attributes
        return _PREFIXED.sub(lambda found: f"{found[1]}{self._renamed.get(found[2], found[2])}:", attributes)


def _close(tag: re.Match[str], prefixes: _Prefixes) -> str:
    """The tag as HTML writes it; `prefixes` get those that it declares."""
    if tag.group("end"):
        return f"</{prefixes.rename(tag.group('end'))}"
    name, attributes = tag.group("name"), tag.group("attributes")
    if "xmlns:" in attributes:
        prefixes.declare(attributes)
    name, attributes = prefixes.rename(name), prefixes.rename_attributes(attributes)
    if not attributes.endswith("/") or name.lower() in _VOID:
        return f"<{name}{attributes}>"
    return f"<{name}{attributes[:-1]}></{name}>"


def _find_unfinished(text: str) -> int:
    """Where a tag begins that the text does not finish; its length where there is none."""
    opened = text.rfind("<")
    return opened if opened >= 0 and len(text) - opened < _LONGEST_TAG else len(text)
