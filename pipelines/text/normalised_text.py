"""The spoken form of a text: by the user's lexicon, by the markup, by the rules of the language, in this order.

What could not be normalised is a line in `warnings`; nothing is left out silently. Knows no family and no request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.text.normalise.digit_groups import join_digit_groups
from pipelines.text.normalise.normaliser import (
    apply_rules,
    find_unspoken_symbols,
    format_as,
    has_rules,
    write_out_plain_numbers,
)
from pipelines.text.pronunciation.lexicon import Lexicon

from .aligned_text import AlignedText, Range, Replacement
from .style import SpokenForm
from .typography import compose_letters, normalise_typography

#: Values of SSML's `interpret-as` → the formatter for it; "" = the rules decide.
SAY_AS: Mapping[str, str] = {
    "cardinal": "number",
    "number": "number",
    "ordinal": "ordinal",
    "digits": "digits",
    "telephone": "digits",
    "characters": "letters",
    "spell-out": "letters",
    "verbatim": "letters",
    "date": "",
    "time": "",
    "currency": "",
    "unit": "",
    "fraction": "",
    "address": "",
}
#: Orders of day, month and year that a date may have.
DATE_FORMATS = ("mdy", "dmy", "ymd", "dm", "md", "ym", "my", "d", "m", "y")
_MAX_NAMED = 12


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """A text in its spoken form. `phonemes` has (start, end, IPA) of ranges of `aligned.text`, in order."""

    aligned: AlignedText
    phonemes: Sequence[tuple[int, int, str]] = ()


@dataclass(slots=True)
class TextNormaliser:
    """Normalises the texts of one job."""

    lexicon: Lexicon
    #: Whether to write out numbers and symbols in words; otherwise the voice reads them itself. None = in languages
    #: with rules, and the voice reads what these have no word for.
    by_rules: bool | None
    #: Whether the voice reads numbers and symbols itself; without that, and without rules, they are warned of.
    reads_symbols: bool = True
    #: In order, each once.
    warnings: dict[str, None] = field(default_factory=dict)

    def normalise(self, text: str, language: str, spoken_forms: Sequence[SpokenForm] = ()) -> NormalisedText:
        """The spoken form of `text` in `language` (BCP 47, "" = not known).

        `spoken_forms` are those of the markup; they take precedence over the lexicon.
        """
        by_rules = has_rules(language) if self.by_rules is None else self.by_rules
        aligned = compose_letters(AlignedText(text))
        substitutions = list(self._from_markup(text, language, spoken_forms))
        if by_rules or self._lexicon_matches(text):
            aligned = normalise_typography(aligned)
        substitutions += self._from_lexicon(aligned, [each.range for each in substitutions])
        if substitutions:
            aligned = _substitute(aligned, sorted(substitutions, key=lambda each: each.range))
        if by_rules:
            aligned = self._apply_rules(aligned, language, [each.range for each in substitutions if each.is_final])
        elif not self.reads_symbols:
            self._warn_of_symbols(aligned.text, "normalise is off")
        elif self.by_rules is None:
            aligned = join_digit_groups(aligned)
        phonemes = [(*aligned.spoken_range(*each.range), each.phonemes) for each in substitutions if each.phonemes]
        return NormalisedText(aligned, sorted(phonemes))

    def _lexicon_matches(self, text: str) -> bool:
        return any(True for _ in self.lexicon.find(normalise_typography(AlignedText(text)).text))

    def _from_lexicon(self, aligned: AlignedText, taken: Sequence[Range]) -> Iterator[_Substitution]:
        for match in self.lexicon.find(aligned.text):
            start, end = aligned.written_range(match.start, match.end)
            if any(start < last and end > first for first, last in taken):
                continue
            if match.phonemes:
                yield _Substitution((start, end), aligned.text[match.start : match.end], match.phonemes)
            else:
                yield _Substitution((start, end), match.replacement, is_final=_is_normalised(match.replacement))

    def _from_markup(self, text: str, language: str, spoken_forms: Sequence[SpokenForm]) -> Iterator[_Substitution]:
        for form in spoken_forms:
            written, place = text[form.start : form.end], (form.start, form.end)
            if form.kind == "ipa":
                yield _Substitution(place, written, form.value)
            elif form.kind == "sub":
                yield _Substitution(place, form.value, is_final=_is_normalised(form.value))
            else:
                yield self._say_as(place, written, form.value, language)

    def _say_as(self, place: Range, written: str, interpret_as: str, language: str) -> _Substitution:
        kind, _, order = interpret_as.partition(":")
        if kind == "date" and order:
            return _Substitution(place, _iso_date(written, order) or written, is_final=False)
        if not SAY_AS[kind]:
            return _Substitution(place, written, is_final=False)
        if not has_rules(language) and SAY_AS[kind] in ("letters", "digits"):
            return _Substitution(place, " ".join(written.replace(" ", "")))
        try:
            return _Substitution(place, format_as(SAY_AS[kind], written.strip(), language))
        except (ValueError, KeyError, OSError):
            self._warn(f"{written!r} cannot be said as {kind}; it was read as it stands.")
        return _Substitution(place, written, is_final=False)

    def _apply_rules(self, aligned: AlignedText, language: str, final: Sequence[Range]) -> AlignedText:
        """`final` are written ranges that no rule may change."""
        if not language:
            self._warn_of_symbols(aligned.text, "no `language` was given")
            return aligned
        if not has_rules(language):
            return self._write_out_numbers(aligned, language, final)
        aligned = apply_rules(aligned, language, [aligned.spoken_range(*place) for place in final])
        if self.by_rules is None:
            return aligned  # the voice has names of its own for what no rule has a word for
        return self._drop_unspoken_symbols(aligned, [aligned.spoken_range(*place) for place in final])

    def _write_out_numbers(self, aligned: AlignedText, language: str, final: Sequence[Range]) -> AlignedText:
        """In a language without rules: plain numbers in words, all else unchanged."""
        if not find_unspoken_symbols(aligned.text):
            return aligned
        written_out = write_out_plain_numbers(aligned, language, [aligned.spoken_range(*place) for place in final])
        if written_out is not aligned:
            self._warn(f"There are no rules for {language!r}: its figures were read as plain numbers, dates and all.")
        self._warn_of_symbols(written_out.text, f"no rules for {language!r}")
        return written_out

    def _warn_of_symbols(self, text: str, why: str) -> None:
        """One warning for all numbers and one for each symbol, so that a whole book has few lines."""
        symbols = find_unspoken_symbols(text)
        digits = [symbol for symbol in symbols if symbol.isnumeric()]
        if digits:
            self._warn(f"Numbers were read as they stand ({why}), for example {digits[0]!r}.")
        for symbol in symbols:
            if not symbol.isnumeric():
                self._warn(f"No word was put for the sign {symbol!r} ({why}); the voice may be silent about it.")

    def _drop_unspoken_symbols(self, aligned: AlignedText, final: Sequence[Range]) -> AlignedText:
        """Remove the symbols that no rule has a word for: a voice could at best be silent about them."""
        text = aligned.text
        symbols = frozenset(find_unspoken_symbols(text))
        candidates = [
            char if char in symbols and not any(start <= at < end for start, end in final) else " "
            for at, char in enumerate(text)
        ]
        dropped = [_remove(text, *found.span()) for found in re.finditer(r"\S+", "".join(candidates))]
        if dropped:
            named = " ".join(sorted({*candidates} - {" "})[:_MAX_NAMED])
            self._warn(f"No word is known for these signs; they were not spoken: {named}")
        return aligned.apply(dropped)

    def _warn(self, detail: str) -> None:
        self.warnings[detail] = None


@dataclass(frozen=True, slots=True)
class _Substitution:
    """A written range and its spoken form; the rules of the language leave a final one alone."""

    range: Range
    text: str
    phonemes: str = ""
    is_final: bool = True


def _is_normalised(text: str) -> bool:
    return not find_unspoken_symbols(text)


def _substitute(aligned: AlignedText, substitutions: Sequence[_Substitution]) -> AlignedText:
    return aligned.apply([Replacement(*aligned.spoken_range(*each.range), each.text) for each in substitutions])


def _remove(text: str, start: int, end: int) -> Replacement:
    """Nothing in the place of [start, end), but a space between two words: "love♥you"."""
    separates_words = text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()
    return Replacement(start, end, " " if separates_words else "")


def _iso_date(written: str, order: str) -> str:
    """YYYY-MM-DD of a date whose day, month and year are all numbers in this order; else "" and the rules read it."""
    numbers = re.findall(r"\d+", written)
    named = dict(zip(order, numbers, strict=False))
    if sorted(named) != ["d", "m", "y"] or len(numbers) != 3:
        return ""
    return f"{named['y']:0>4}-{named['m']:0>2}-{named['d']:0>2}"
