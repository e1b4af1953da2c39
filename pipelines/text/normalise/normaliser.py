"""Text normalisation by the rules of a language: written form in, spoken form out.

Rules are tried in order, each over the whole text. The first one that matches a range takes it; ranges that a lexicon
or markup has set are left alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.language_tags import primary_subtag
from pipelines.text.aligned_text import AlignedText, Range, Replacement

from .insertion import insert_words, join_neighbours

if TYPE_CHECKING:
    from .rule_book import RuleBook

#: Primary subtags of the languages that have a file in rules/.
LANGUAGES: frozenset[str] = frozenset({"en", "de", "fr", "es"})

#: Punctuation that a voice needs no word for.
_SILENT = frozenset(".,;:!?'\"()[]{}-–—…¿¡*_。，、；：！？「」『』·")


def has_rules(language: str) -> bool:
    """Whether there are rules for a BCP 47 language, of whatever region."""
    return primary_subtag(language) in LANGUAGES


def apply_rules(aligned: AlignedText, language: str, final: Sequence[Range] = ()) -> AlignedText:
    """The text in words. `final` are ranges of it that stay unchanged. `language` must have rules."""
    from .formatters import fill_template

    book, region = _book(language), _region(language)
    text, taken, replacements = aligned.text, bytearray(len(aligned.text)), list[Replacement]()
    for start, end in final:
        taken[start:end] = b"\1" * (end - start)
    has_digit = any(map(str.isdecimal, text))
    for rule in book.rules:
        if not rule.applies_in(region) or (rule.needs_digit and not has_digit):
            continue
        for found in rule.pattern.finditer(text):
            start, end = found.span("it" if "it" in found.groupdict() else 0)
            if start == end or any(taken[start:end]):
                continue
            try:
                words = fill_template(rule.template, {"it": found.group(), **found.groupdict()}, book)
            except ValueError:
                continue
            # A full stop at the very end also ends the sentence.
            end -= text[end - 1] == "." and not text[end:].strip(" \"')]")
            taken[start:end] = b"\1" * (end - start)
            replacements.append(insert_words(text, start, end, words))
    return aligned.apply(join_neighbours(replacements))


def write_out_plain_numbers(aligned: AlignedText, language: str, final: Sequence[Range] = ()) -> AlignedText:
    """The text with its plain numbers in words, for a language without rules; unchanged where num2words lacks it."""
    from .plain_numbers import has_number_words, write_out_numbers

    return write_out_numbers(aligned, language, final) if has_number_words(language) else aligned


def find_unspoken_symbols(text: str) -> list[str]:
    """Digits and symbols in a text that should be words by now, each once, sorted: a model may skip them."""
    return sorted({char for char in text if unicodedata.category(char)[0] not in "LMZ" and char not in _SILENT})


def format_as(name: str, text: str, language: str) -> str:
    """`text` by one formatter of formatters.py. Raises ValueError where it does not apply to the text."""
    from .formatters import format_value

    return format_value(name, [text], _book(language))


def _region(language: str) -> str:
    return next((part.upper() for part in language.replace("_", "-").split("-")[1:] if len(part) == 2), "")


def _book(language: str) -> RuleBook:
    from .rule_book import load_rule_book

    return load_rule_book(primary_subtag(language), _region(language))
