"""Resolve the BCP 47 tag of a request to a language of the checkpoint, whose names differ ("fr-fr")."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.errors import UnsupportedOption
from pipelines.language_tags import find_language


def resolve_language(numbers: Mapping[str, int], tag: str, *, name: str) -> int:
    """The number of the language: the same tag, else the same language; "" is the first.

    Raises `UnsupportedOption` on `language` naming the choices. `name` is the model's.
    """
    if not tag:
        return min(numbers.values())
    found = find_language(numbers, tag)
    if found is None:
        raise UnsupportedOption(f"{name} does not speak {tag!r}; it speaks: {', '.join(numbers)}.", field="language")
    return numbers[found]
