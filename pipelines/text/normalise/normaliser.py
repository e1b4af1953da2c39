"""A text in the words that a reader would say, by the rules of its language.

Rules are tried in their order over the whole text; a stretch belongs to the first one that holds there, and what a user
or a markup has fixed belongs to nobody else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.errors import ModelUnavailable
from pipelines.text.aligned_text import Change, Range, Spoken

from .insertion import spaced

if TYPE_CHECKING:
    from .rule_book import RuleBook

#: Those with a file in rules/.
LANGUAGES: frozenset[str] = frozenset({"en", "de", "fr", "es"})

#: Punctuation that a voice needs no word for.
_SILENT = frozenset(".,;:!?'\"()[]{}-–—…¿¡*_。，、；：！？「」『』·")


def has_rules(language: str) -> bool:
    """Whether a BCP 47 language is one that we know how to say."""
    return _primary(language) in LANGUAGES


def normalised(spoken: Spoken, language: str, fixed: Sequence[Range] = ()) -> Spoken:
    """The text in words. `fixed` are ranges of it that stay as they are. `language` must have rules.

    Raises `ModelUnavailable` without num2words and Babel.
    """
    from .formatters import fill

    book, region = _book(language), _region(language)
    text, taken, changes = spoken.text, bytearray(len(spoken.text)), list[Change]()
    for start, end in fixed:
        taken[start:end] = b"\1" * (end - start)
    for rule in book.rules:
        if not rule.is_for(region):
            continue
        for found in rule.find.finditer(text):
            start, end = found.span("it" if "it" in found.groupdict() else 0)
            if start == end or any(taken[start:end]):
                continue
            try:
                said = fill(rule.say, {"it": found.group(), **found.groupdict()}, book)
            except ValueError:
                continue
            # A full stop at the very end is the sentence's own, too.
            end -= text[end - 1] == "." and not text[end:].strip(" \"')]")
            taken[start:end] = b"\1" * (end - start)
            changes.append(spaced(text, start, end, said))
    return spoken.changed(sorted(changes, key=lambda change: change.start))


def plainly(spoken: Spoken, language: str, fixed: Sequence[Range] = ()) -> Spoken:
    """The text with its plain numbers in words, for a language without rules; as it is where num2words has none.

    Raises `ModelUnavailable` without num2words and Babel.
    """
    try:
        from .plain_numbers import in_words, knows_numbers
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    return in_words(spoken, language, fixed) if knows_numbers(language) else spoken


def leftovers(text: str) -> list[str]:
    """Digits and signs in a text that is to be words, each once: what a model may not know how to say."""
    return sorted({sign for sign in text if unicodedata.category(sign)[0] not in "LMZ" and sign not in _SILENT})


def saying(name: str, text: str, language: str) -> str:
    """`text` said in one way, by name of sayings.py. Raises ValueError where it cannot be."""
    from .formatters import say

    return say(name, [text], _book(language))


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def _region(language: str) -> str:
    return next((part.upper() for part in language.replace("_", "-").split("-")[1:] if len(part) == 2), "")


def _book(language: str) -> RuleBook:
    try:
        from .rule_book import rule_book
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    return rule_book(_primary(language))


def _not_installed(error: ModuleNotFoundError) -> ModelUnavailable:
    return ModelUnavailable(
        f"Numbers and dates cannot be written out here: {error.name} is missing; "
        "run: pip install 'voicemill[normalise]'."
    )
