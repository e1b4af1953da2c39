"""Reads simple formulas of MathML as words: the text for people if there is one, else operators by name.

MathML Core, W3C. What two-dimensional notation has no plain reading (tables, limits above and below) is not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.language_tags import primary_subtag

_MAX_NODES = 400
#: An alternative text in LaTeX is for machines.
_LATEX = re.compile(r"[\\{}]|\^|_")
_ROWS = frozenset(["math", "mrow", "mstyle", "mpadded", "semantics", "mphantom", "menclose"])
_LEFT_OUT = frozenset(["annotation", "annotation-xml", "mspace", "mprescripts", "none"])
_TOKENS = frozenset(["mi", "mn", "mo", "mtext", "ms"])


#: The signs of what is not written: that a function is applied, a product, a comma, a sum.
_UNSEEN = dict.fromkeys(range(0x2061, 0x2065))


@dataclass(frozen=True, slots=True)
class _Words:
    """How a language reads formulas; `{0}` and `{1}` are the parts."""

    operators: Mapping[str, str]
    squared: str
    cubed: str
    power: str
    index: str
    fraction: str
    root: str
    nth_root: str


_SIGNS = [
    "+",
    "−",
    "-",
    "±",
    "=",
    "≠",
    "<",
    ">",
    "≤",
    "≥",
    "≈",
    "×",
    "·",
    "⋅",
    "/",
    "÷",
    "∈",
    "∞",
    "→",
    "∑",
    "∫",
    "∂",
    "√",
    "%",
    "′",
]


def _operators(words: str) -> Mapping[str, str]:
    return dict(zip(_SIGNS, words.split("|"), strict=True))


_LANGUAGES: Mapping[str, _Words] = {
    "en": _Words(
        _operators(
            "plus|minus|minus|plus or minus|equals|is not equal to|is less than|is greater than|is at most|is at least|"
            "is about|times|times|times|over|divided by|in|infinity|to|the sum of|the integral of|d|the root of|"
            "percent|prime"
        ),
        "{0} squared",
        "{0} cubed",
        "{0} to the power of {1}",
        "{0} sub {1}",
        "{0} over {1}",
        "the square root of {0}",
        "the {1}th root of {0}",
    ),
    "de": _Words(
        _operators(
            "plus|minus|minus|plus minus|gleich|ungleich|kleiner als|größer als|höchstens|mindestens|ungefähr|mal|mal|"
            "mal|durch|durch|in|unendlich|gegen|Summe|Integral|d|Wurzel|Prozent|Strich"
        ),
        "{0} Quadrat",
        "{0} hoch drei",
        "{0} hoch {1}",
        "{0} Index {1}",
        "{0} durch {1}",
        "Wurzel aus {0}",
        "{1}te Wurzel aus {0}",
    ),
    "fr": _Words(
        _operators(
            "plus|moins|moins|plus ou moins|égale|différent de|inférieur à|supérieur à|au plus|au moins|environ|fois|"
            "fois|fois|sur|divisé par|dans|infini|vers|somme de|intégrale de|d|racine de|pour cent|prime"
        ),
        "{0} au carré",
        "{0} au cube",
        "{0} puissance {1}",
        "{0} indice {1}",
        "{0} sur {1}",
        "racine carrée de {0}",
        "racine {1}ième de {0}",
    ),
    "es": _Words(
        _operators(
            "más|menos|menos|más menos|igual a|distinto de|menor que|mayor que|como máximo|como mínimo|aproximadamente|"
            "por|por|por|entre|dividido por|en|infinito|a|la suma de|la integral de|d|la raíz de|por ciento|prima"
        ),
        "{0} al cuadrado",
        "{0} al cubo",
        "{0} elevado a {1}",
        "{0} sub {1}",
        "{0} sobre {1}",
        "la raíz cuadrada de {0}",
        "la raíz {1} de {0}",
    ),
}


@dataclass(slots=True)
class _Node:
    tag: str
    text: str = ""
    children: list[_Node] = field(default_factory=list)


class MathReader:
    """Collects the elements of one `<math>` and reads them."""

    def __init__(self) -> None:
        self._open: list[_Node] = []
        self._root: _Node | None = None
        self._count = 0

    @property
    def is_open(self) -> bool:
        """Whether a formula has begun and not ended."""
        return bool(self._open)

    def start(self, tag: str) -> None:
        """An element begins, the first of which is `<math>`."""
        node = _Node(tag.rpartition(":")[2])
        if not self._open:
            self._root, self._count = node, 0
        self._count += 1
        if self._open and self._count <= _MAX_NODES:
            self._open[-1].children.append(node)
        self._open.append(node)

    def add(self, text: str) -> None:
        """Text of the innermost element."""
        self._open[-1].text += text

    def end(self) -> bool:
        """The innermost element ends. Returns whether that was `<math>`."""
        self._open.pop()
        return not self._open

    def read(self, alternative: str, language: str) -> str | None:
        """The words of the formula; None where it has no plain reading. `alternative`: its `alttext`."""
        if alternative.strip() and not _LATEX.search(alternative):
            return alternative.strip()
        words = _LANGUAGES.get(primary_subtag(language))
        if self._root is None or words is None or self._count > _MAX_NODES:
            return alternative.strip() or None
        try:
            return " ".join(_read(self._root, words).split())
        except _NoPlainReading:
            return None


class _NoPlainReading(Exception):
    """An element that has no plain reading."""


def _read(node: _Node, words: _Words) -> str:
    if node.tag in _LEFT_OUT:
        return ""
    if node.tag in _TOKENS:
        text = " ".join(node.text.split())
        return words.operators.get(text, text.translate(_UNSEEN)) if node.tag == "mo" else text
    parts = [_read(child, words) for child in node.children if child.tag not in _LEFT_OUT]
    if node.tag in _ROWS:
        return " ".join(parts)
    return _read_scheme(node.tag, parts, words)


def _read_scheme(tag: str, parts: Sequence[str], words: _Words) -> str:
    if tag == "msqrt":
        return words.root.format(" ".join(parts))
    if tag == "mfenced":
        return f"({', '.join(parts)})"
    if len(parts) == 3 and tag == "msubsup":
        return _read_scheme("msup", [words.index.format(parts[0], parts[1]), parts[2]], words)
    if len(parts) != 2:
        raise _NoPlainReading
    if tag == "msup":
        template = {"2": words.squared, "3": words.cubed}.get(parts[1], words.power)
        return template.format(*parts)
    templates = {"msub": words.index, "mfrac": words.fraction, "mroot": words.nth_root}
    if tag not in templates:
        raise _NoPlainReading
    return templates[tag].format(*parts)
