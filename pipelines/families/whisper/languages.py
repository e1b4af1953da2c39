"""Convert between BCP 47 tags and Whisper's names of languages. Knows no model."""

from __future__ import annotations

from collections.abc import Collection

from pipelines.errors import UnsupportedOption
from pipelines.language_tags import find_language

#: Whisper's name → BCP 47, where they differ.
_TO_BCP47 = {"jw": "jv"}


def resolve_language(model: str, tag: str, known: Collection[str]) -> str:
    """Whisper's name of a BCP 47 tag ("de-AT" → "de"). Raises `UnsupportedOption` for a language not in `known`."""
    name = find_language(known, tag)
    if name is None:
        listed = ", ".join(sorted(known)) if len(known) < 10 else f"{len(known)} others, see GET /stt/models"
        raise UnsupportedOption(f"{model} does not know the language {tag!r}; it knows {listed}.", field="language")
    return name


def to_language_tag(name: str) -> str:
    """The BCP 47 tag of Whisper's name."""
    return _TO_BCP47.get(name, name)
