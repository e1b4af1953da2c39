"""An SSML tree as a flow: text with its style and reading, breaks, marks, ends of sentences and paragraphs.

Walks the tree once, in reading order, and checks every tag on its way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.text.document import clean
from pipelines.text.style import PLAIN, Pause, Style

from .parsing import Tree, refused
from .tags import LANG, NAMESPACE, TAGS, break_s, check, say_as, styled

MOST_BREAKS_S = 3600.0
_SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"


@dataclass(frozen=True, slots=True)
class Words:
    """Text in one style; all of it read in one way of its own where `how` is set (see `Reading`)."""

    text: str
    style: Style
    how: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """A silence."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that the user gave a name."""

    name: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A sentence or a paragraph begins or ends here. `whole`: what begins here is one sentence, whatever it holds."""

    pause: Pause
    whole: bool = False


Item = Words | Break | Mark | Edge


class Flow:
    """The items of one document. Raises `BadInput` with line and column for a tag that is not read so."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._silence_s = 0.0
        if self._name(tree.root) != "speak":
            raise self._refused(tree.root, "the outermost tag must be <speak>.")
        #: BCP 47 tag of the whole document, where it says one.
        self.language: str | None = tree.root.get(LANG)

    def items(self) -> Iterator[Item]:
        """All items in order."""
        return self._element(self._tree.root, PLAIN)

    def _element(self, element: Any, style: Style) -> Iterator[Item]:
        tag, given = self._checked(element)
        if tag in ("p", "s"):
            yield Edge("paragraph" if tag == "p" else "sentence", whole=tag == "s")
        inside = styled(style, tag, given) if tag != "speak" else style
        if not TAGS[tag].holds_tags:
            yield self._leaf(element, tag, given, inside)
            return
        if element.text:
            yield Words(element.text, inside)
        for child in element:
            if isinstance(child.tag, str):
                if self._name(child) == "speak":
                    raise self._refused(child, "<speak> may only be the outermost tag.")
                yield from self._element(child, inside)
            if child.tail:
                yield Words(child.tail, inside)
        if tag in ("p", "s"):
            yield Edge("paragraph" if tag == "p" else "sentence")

    def _leaf(self, element: Any, tag: str, given: Mapping[str, str], style: Style) -> Item:
        for child in element:
            if isinstance(child.tag, str):
                raise self._refused(child, f"no tag may stand in <{tag}>.")
        # Comments part the text.
        text = (element.text or "") + "".join(child.tail or "" for child in element)
        if tag in ("break", "mark"):
            if text.strip():
                raise self._refused(element, f"<{tag}> must be empty.")
            return Mark(given["name"]) if tag == "mark" else self._break(element, break_s(given))
        if not clean(text):
            raise self._refused(element, f"<{tag}> is around no text.")
        return Words(text, style, *self._reading(element, tag, given))

    def _break(self, element: Any, seconds: float) -> Break:
        self._silence_s += seconds
        if self._silence_s > MOST_BREAKS_S:
            raise self._refused(element, f"the breaks are longer than {MOST_BREAKS_S:,.0f} s together.")
        return Break(seconds)

    def _reading(self, element: Any, tag: str, given: Mapping[str, str]) -> tuple[str, str]:
        if tag == "sub":
            return "sub", clean(given["alias"])
        if tag == "phoneme":
            return "ipa", given["ph"].strip()
        try:
            return "say-as", say_as(given)
        except ValueError as error:
            raise self._refused(element, f"format={given['format'][:60]!r} {error}.") from error

    def _checked(self, element: Any) -> tuple[str, dict[str, str]]:
        tag = self._name(element)
        given = {
            "lang" if name == LANG else "schemaLocation" if name == _SCHEMA else name: value
            for name, value in element.attrib.items()
        }
        try:
            check(tag, given)
        except ValueError as error:
            raise self._refused(element, str(error)) from error
        return tag, given

    def _name(self, element: Any) -> str:
        """The tag as it is known here; one of another namespace keeps its prefix and is known nowhere."""
        namespace, _, name = str(element.tag).rpartition("}")
        if namespace.lstrip("{") in ("", NAMESPACE):
            return name
        return f"{element.prefix}:{name}" if element.prefix else str(element.tag)

    def _refused(self, element: Any, detail: str) -> Exception:
        return refused(self._tree.place(element), detail)
