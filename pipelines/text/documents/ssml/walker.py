"""Walks an SSML tree in reading order: text with its style and spoken form, breaks, marks, boundaries.

Walks the tree once and checks every tag on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.text.document import clean_text
from pipelines.text.style import NEUTRAL_STYLE, Pause, Style

from .parsing import Tree, ssml_error
from .tags import LANG_ATTRIBUTE, NAMESPACE, TAGS, apply_tag, break_seconds, check_tag, parse_say_as

MAX_SILENCE_S = 3600.0
_SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"


@dataclass(frozen=True, slots=True)
class TextRun:
    """Text in one style. `form_kind` and `form_value` are those of its `SpokenForm`; "" where it has none."""

    text: str
    style: Style
    form_kind: str = ""
    form_value: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """A silence, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A named position in the text."""

    name: str


@dataclass(frozen=True, slots=True)
class Boundary:
    """A sentence or a paragraph begins or ends here. `is_sentence`: what begins here is one sentence as a whole."""

    pause: Pause
    is_sentence: bool = False


Event = TextRun | Break | Mark | Boundary


class SsmlWalker:
    """Walks one document. Raises `BadInput` with line and column for a tag that is not supported as it is written."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._silence_s = 0.0
        if self._tag_name(tree.root) != "speak":
            raise self._error(tree.root, "the outermost tag must be <speak>.")
        #: BCP 47 tag of the whole document, if it has one.
        self.language: str | None = tree.root.get(LANG_ATTRIBUTE)

    def walk(self) -> Iterator[Event]:
        """All events in order."""
        return self._walk_element(self._tree.root, NEUTRAL_STYLE)

    def _walk_element(self, element: Any, style: Style) -> Iterator[Event]:
        tag, given = self._check(element)
        if tag in ("p", "s"):
            yield Boundary("paragraph" if tag == "p" else "sentence", is_sentence=tag == "s")
        inside = apply_tag(style, tag, given) if tag != "speak" else style
        if not TAGS[tag].has_children:
            yield self._read_leaf(element, tag, given, inside)
            return
        if element.text:
            yield TextRun(element.text, inside)
        for child in element:
            if isinstance(child.tag, str):
                if self._tag_name(child) == "speak":
                    raise self._error(child, "<speak> may only be the outermost tag.")
                yield from self._walk_element(child, inside)
            if child.tail:
                yield TextRun(child.tail, inside)
        if tag in ("p", "s"):
            yield Boundary("paragraph" if tag == "p" else "sentence")

    def _read_leaf(self, element: Any, tag: str, given: Mapping[str, str], style: Style) -> Event:
        for child in element:
            if isinstance(child.tag, str):
                raise self._error(child, f"no tag may stand in <{tag}>.")
        # Comments split the text of an element.
        text = (element.text or "") + "".join(child.tail or "" for child in element)
        if tag in ("break", "mark"):
            if text.strip():
                raise self._error(element, f"<{tag}> must be empty.")
            return Mark(given["name"]) if tag == "mark" else self._read_break(element, break_seconds(given))
        if not clean_text(text):
            raise self._error(element, f"<{tag}> is around no text.")
        return TextRun(text, style, *self._read_spoken_form(element, tag, given))

    def _read_break(self, element: Any, seconds: float) -> Break:
        self._silence_s += seconds
        if self._silence_s > MAX_SILENCE_S:
            raise self._error(element, f"the breaks are longer than {MAX_SILENCE_S:,.0f} s together.")
        return Break(seconds)

    def _read_spoken_form(self, element: Any, tag: str, given: Mapping[str, str]) -> tuple[str, str]:
        if tag == "sub":
            return "sub", clean_text(given["alias"])
        if tag == "phoneme":
            return "ipa", given["ph"].strip()
        try:
            return "say-as", parse_say_as(given)
        except ValueError as error:
            raise self._error(element, f"format={given['format'][:60]!r} {error}.") from error

    def _check(self, element: Any) -> tuple[str, dict[str, str]]:
        tag = self._tag_name(element)
        given = {
            "lang" if name == LANG_ATTRIBUTE else "schemaLocation" if name == _SCHEMA else name: value
            for name, value in element.attrib.items()
        }
        try:
            check_tag(tag, given)
        except ValueError as error:
            raise self._error(element, str(error)) from error
        return tag, given

    def _tag_name(self, element: Any) -> str:
        """The tag without the namespace of SSML; a tag of another namespace keeps its prefix, and is unknown."""
        namespace, _, name = str(element.tag).rpartition("}")
        if namespace.lstrip("{") in ("", NAMESPACE):
            return name
        return f"{element.prefix}:{name}" if element.prefix else str(element.tag)

    def _error(self, element: Any, detail: str) -> Exception:
        return ssml_error(self._tree.position(element), detail)
