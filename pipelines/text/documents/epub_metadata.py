"""Reads the metadata of an EPUB: the title, the authors and the language, by what the package says that each is for."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langcodes import tag_is_valid

from pipelines.language_tags import primary_subtag
from pipelines.text.document import clean_text

from .gutenberg import find_language_name
from .safe_xml import local_name

#: Tags for text in an unknown language, in none, in several.
_NO_LANGUAGE = frozenset(["und", "zxx", "mul", "mis"])
#: What programs write where they know no author.
_UNKNOWN = frozenset(
    ["unknown", "unbekannt", "inconnu", "inconnu(e)", "desconocido", "sconosciuto", "n/a", "[unknown]"]
)
#: MARC relators of people who wrote a book; others translated, illustrated or narrated it.
_AUTHOR_ROLES = frozenset(["aut", "aui", "cre", "dub", "ghw", "author", "writer"])
#: Between the name of a vocabulary and a word of it: "marc:aut", "http://id.loc.gov/vocabulary/relators/aut".
_VOCABULARY = re.compile(r".*[:/#]", re.S)

#: (id, property) → values
_Refinements = Mapping[tuple[str, str], Sequence[str]]


class EpubMetadata:
    """What a package file says of its book; None for what it does not say."""

    def __init__(self, root: Any) -> None:
        """`root`: the element of the package."""
        self._root = root
        self._refinements = _read_refinements(root)

    @property
    def title(self) -> str | None:
        """The title that is called the main one; else the first that is not called something else."""
        ranks = {"main": 0, "": 1}

        def rank(title: tuple[Any, str]) -> tuple[int, float]:
            kind = self._refine(title[0], "title-type")[:1] or [""]
            return ranks.get(kind[0], 2), self._place(title[0])

        return min(_elements(self._root, "title"), key=rank, default=(None, None))[1]

    @property
    def author(self) -> str | None:
        """The creators that are authors, or whose role is not given; all of them where none is."""
        creators = sorted(_elements(self._root, "creator"), key=lambda creator: self._place(creator[0]))
        authors = [text for element, text in creators if self._is_author(element, is_unnamed=True)]
        authors = authors or [text for _, text in creators]
        if not authors:
            contributors = _elements(self._root, "contributor")
            authors = [text for element, text in contributors if self._is_author(element, is_unnamed=False)]
        return ", ".join(name for name in dict.fromkeys(authors) if name.lower() not in _UNKNOWN) or None

    @property
    def language(self) -> str | None:
        """BCP 47."""
        return next(filter(None, (read_language(text) for _, text in _elements(self._root, "language"))), None)

    def _is_author(self, element: Any, *, is_unnamed: bool) -> bool:
        """Whether one of a person's roles is that of an author; `is_unnamed`: the answer where there are none."""
        own = [value for name, value in element.items() if name.rpartition("}")[2] == "role" and value.strip()]
        roles = own or self._refine(element, "role")
        return any(_VOCABULARY.sub("", role).strip().lower() in _AUTHOR_ROLES for role in roles) or (
            is_unnamed and not roles
        )

    def _place(self, element: Any) -> float:
        """The number of an element among those of its name; those without one follow."""
        number = (self._refine(element, "display-seq") or [""])[0]
        return int(number) if number.isdecimal() else float("inf")

    def _refine(self, element: Any, name: str) -> Sequence[str]:
        return self._refinements.get((element.get("id") or "", name), [])


def read_language(text: str) -> str | None:
    """The BCP 47 tag of what a book calls its language: "en_US", "English"; None for what is none."""
    tag = find_language_name(text) or text.replace("_", "-")
    return tag if tag_is_valid(tag) and primary_subtag(tag) not in _NO_LANGUAGE else None


def _elements(root: Any, tag: str) -> Iterator[tuple[Any, str]]:
    """The elements of this name that have text; some programs write "&amp;amp;" for "&"."""
    for element in root.iter():
        if local_name(element).lower() == tag and (text := clean_text(html.unescape("".join(element.itertext())))):
            yield element, text


def _read_refinements(root: Any) -> _Refinements:
    """The values of `<meta refines="#id" property="…">`."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for element, text in _elements(root, "meta"):
        if element.get("refines") and element.get("property"):
            found[element.get("refines").lstrip("#"), element.get("property")].append(text)
    return found
