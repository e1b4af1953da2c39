"""Languages as callers name them (BCP 47) and as Whisper's tokens name them. Knows no model."""

from __future__ import annotations

from collections.abc import Collection

from pipelines.errors import UnsupportedOption

#: BCP 47 → Whisper's own name, where they differ.
_RENAMED = {"jv": "jw", "nb": "no", "fil": "tl"}
_BACK = {"jw": "jv"}


def token_name(model: str, tag: str, known: Collection[str]) -> str:
    """Whisper's name of a BCP 47 tag ("de-AT" → "de"). Raises `UnsupportedOption` for a language not in `known`."""
    primary = tag.lower().split("-")[0]
    name = _RENAMED.get(primary, primary)
    if name not in known:
        hears = ", ".join(sorted(known)) if len(known) < 10 else f"{len(known)} others, see GET /stt/models"
        raise UnsupportedOption(f"{model} does not know the language {tag!r}; it knows {hears}.", field="language")
    return name


def tag_of(name: str) -> str:
    """The BCP 47 tag of Whisper's name."""
    return _BACK.get(name, name)
