"""Which elements the style sheets of a page hide, and whose text they raise. Knows CSS; nothing of books.

`display: none` and `visibility: hidden` hide, `vertical-align: super` raises.

Rules with one element, class or id, or these together, as the cascade of a page without other rules has them. What
depends on the medium (`@media`), on other elements (`.a .b`) or on a state (`:hover`) is left aside: a page that is
read in full is better than one that loses text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

#: A longer style sheet is not looked at.
MAX_CHARACTERS = 1 << 20
#: Selectors that are compared with an element at most, for each of its names.
_MAX_SELECTORS = 16
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.S)
_HIDES = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))\b", re.I)
_SHOWS = re.compile(r"(?:^|;)\s*(?:display\s*:\s*(?!none\b)\w|visibility\s*:\s*visible\b)", re.I)
_RAISES = re.compile(r"(?:^|;)\s*vertical-align\s*:\s*super\b", re.I)
_LOWERS = re.compile(r"(?:^|;)\s*vertical-align\s*:\s*(?!super\b)[\w.-]", re.I)
_SELECTOR = re.compile(r"([a-z][\w-]*|\*)?((?:[.#][\w-]+)*)", re.I)
_PART = re.compile(r"[.#][\w-]+")
#: Pages hide them until their scripts have run.
_NEVER_HIDDEN = frozenset(["html", "body", "*", "main"])


class StyleRules:
    """Collects the rules of style sheets, in their order."""

    def __init__(self) -> None:
        self._hidden, self._raised = _Cascade(), _Cascade()

    def add(self, style_sheet: str) -> None:
        """Add the rules of a style sheet."""
        for selectors, declarations in _split_rules(style_sheet[:MAX_CHARACTERS]):
            for cascade, sets, unsets in ((self._hidden, _HIDES, _SHOWS), (self._raised, _RAISES, _LOWERS)):
                is_set = sets.search(declarations) is not None
                if is_set or unsets.search(declarations):
                    for selector in selectors.split(","):
                        cascade.add(selector.strip(), is_set=is_set)

    def hides(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """Whether the rules hide an element."""
        return self._hidden.decide(tag, attributes)

    def raises(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """Whether the rules set the text of an element above the line."""
        return self._raised.decide(tag, attributes)


class _Cascade:
    """The rules that say yes or no about one thing."""

    def __init__(self) -> None:
        #: The last name of a selector → its other names → what it says.
        self._rules: dict[str, dict[frozenset[str], bool]] = {}

    def add(self, selector: str, *, is_set: bool) -> None:
        found = _SELECTOR.fullmatch(selector)
        if found is None or not selector:
            return
        element = (found.group(1) or "").lower()
        names = [*([element] if element else []), *_PART.findall(found.group(2))]
        if names[-1] in _NEVER_HIDDEN or (element in _NEVER_HIDDEN and len(names) > 1):
            return
        rules = self._rules.setdefault(names[-1], {})
        if len(rules) < _MAX_SELECTORS:
            rules.pop(frozenset(names), None)
            rules[frozenset(names)] = is_set

    def decide(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """What the rules say of an element: of those that fit, the one with most names decides, or the last."""
        if not self._rules:
            return False
        names = {tag, *(f".{name}" for name in attributes.get("class", "").split())}
        if attributes.get("id"):
            names.add(f"#{attributes['id']}")
        fitting = [
            (_weigh(selector), is_set)
            for name in names
            for selector, is_set in self._rules.get(name, {}).items()
            if selector <= names
        ]
        return bool(fitting) and max(fitting, key=lambda rule: rule[0])[1]


def is_for_screens(attributes: Mapping[str, str]) -> bool:
    """Whether the style sheet of a `<link>` is for what people read on screens."""
    return attributes.get("media", "").strip().lower() in ("", "all", "screen")


def _weigh(selector: frozenset[str]) -> tuple[int, int, int]:
    """Specificity: ids, classes, elements."""
    ids, classes = (sum(name.startswith(sign) for name in selector) for sign in "#.")
    return ids, classes, len(selector) - ids - classes


def _split_rules(style_sheet: str) -> Iterator[tuple[str, str]]:
    """(selectors, declarations) of the rules outside of `@media` and the like."""
    depth, start, selectors = 0, 0, ""
    text = _COMMENT.sub(" ", style_sheet)
    for found in re.finditer(r"[{};]", text):
        sign = found.group()
        if sign == "{":
            if depth == 0:
                selectors, start = text[start : found.start()].strip(), found.end()
            depth += 1
        elif sign == "}":
            if depth == 1 and not selectors.startswith("@"):
                yield selectors, text[start : found.start()]
            depth = max(0, depth - 1)
            start = found.end() if depth == 0 else start
        elif depth == 0:
            start = found.end()
