"""What a voice is given for what was written: by the user's lexicon, the markup's readings, the language's rules.

Says what it could not do in `warnings`; nothing is left out in silence. Knows no family and no request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.errors import ModelUnavailable
from pipelines.text.normalise.normaliser import has_rules, leftovers, normalised, plainly, saying
from pipelines.text.pronunciation.lexicon import Lexicon

from .aligned_text import Change, Range, Spoken
from .style import Reading
from .typography import plain

#: What `interpret-as` of SSML may say → the saying of the rules; "" = what the rules make of it by themselves.
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
_MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class Wording:
    """A text as it is to be said. `phonemes` are (start, end, IPA) of stretches of the spoken text."""

    spoken: Spoken
    phonemes: Sequence[tuple[int, int, str]] = ()


@dataclass(slots=True)
class Wordings:
    """Makes wordings for one job."""

    lexicon: Lexicon
    #: Whether figures and signs are to be written out; otherwise the voice reads them itself.
    by_rules: bool
    #: Whether to fail where that cannot be done, or to warn.
    strict: bool = False
    #: Whether the voice knows figures and signs itself; where it does not and nobody writes them out, that is told.
    reads_signs: bool = True
    #: Each said once.
    warnings: dict[str, None] = field(default_factory=dict)

    def wording(self, text: str, language: str, readings: Sequence[Reading] = ()) -> Wording:
        """`text` in `language` (BCP 47, "" = not known). Raises `ModelUnavailable` where strict rules are missing."""
        spoken = Spoken(text)
        entries = list(self._readings(spoken, language, readings))
        spoken = plain(spoken) if self.by_rules or self._knows(text) else spoken
        entries += self._entries(spoken, [entry.range for entry in entries])
        if entries:
            spoken = _substituted(spoken, sorted(entries, key=lambda entry: entry.range))
        if self.by_rules:
            spoken = self._by_rules(spoken, language, [entry.range for entry in entries if entry.fixed])
        elif not self.reads_signs:
            self._tell_unread(spoken.text, "normalise is off")
        phonemes = [(*spoken.spoken_range(*entry.range), entry.phonemes) for entry in entries if entry.phonemes]
        return Wording(spoken, sorted(phonemes))

    def _knows(self, text: str) -> bool:
        return any(True for _ in self.lexicon.find(plain(Spoken(text)).text))

    def _entries(self, spoken: Spoken, taken: Sequence[Range]) -> Iterator[_Entry]:
        for entry in self.lexicon.find(spoken.text):
            start, end = spoken.written_range(entry.start, entry.end)
            if not any(start < last and end > first for first, last in taken):
                written = spoken.text[entry.start : entry.end]
                said = written if entry.phonemes else entry.said
                yield _Entry((start, end), said, entry.phonemes, fixed=bool(entry.phonemes) or not leftovers(said))

    def _readings(self, spoken: Spoken, language: str, readings: Sequence[Reading]) -> Iterator[_Entry]:
        for reading in readings:
            written = spoken.text[reading.start : reading.end]
            place = (reading.start, reading.end)
            if reading.how == "ipa":
                yield _Entry(place, written, reading.detail)
            elif reading.how == "sub":
                yield _Entry(place, reading.detail, fixed=not leftovers(reading.detail))
            else:
                yield self._said_as(place, written, reading.detail, language)

    def _said_as(self, place: Range, written: str, what: str, language: str) -> _Entry:
        kind, _, order = what.partition(":")
        if kind == "date" and order:
            return _Entry(place, _iso_date(written, order) or written, fixed=False)
        if not SAY_AS[kind]:
            return _Entry(place, written, fixed=False)
        if not has_rules(language) and SAY_AS[kind] in ("letters", "digits"):
            return _Entry(place, " ".join(written.replace(" ", "")))
        try:
            return _Entry(place, saying(SAY_AS[kind], written.strip(), language))
        except (ValueError, KeyError, OSError):
            self._warn(f"{written!r} cannot be said as {kind}; it was read as it stands.")
        except ModelUnavailable as error:
            self._warn(error.detail)
        return _Entry(place, written, fixed=False)

    def _by_rules(self, spoken: Spoken, language: str, fixed: Sequence[Range]) -> Spoken:
        """`fixed` are written ranges."""
        if not language:
            self._tell_unread(spoken.text, "no `language` was given")
            return spoken
        try:
            if not has_rules(language):
                return self._plainly(spoken, language, fixed)
            spoken = normalised(spoken, language, [spoken.spoken_range(*place) for place in fixed])
        except ModelUnavailable as error:
            if self.strict:
                raise
            self._warn(error.detail)
            self._tell_unread(spoken.text, "its rules are not installed")
            return spoken
        return self._without_leftovers(spoken, [spoken.spoken_range(*place) for place in fixed])

    def _plainly(self, spoken: Spoken, language: str, fixed: Sequence[Range]) -> Spoken:
        """In a language without rules: plain numbers in words, all else as it stands."""
        if not leftovers(spoken.text):
            return spoken
        said = plainly(spoken, language, [spoken.spoken_range(*place) for place in fixed])
        if said is not spoken:
            self._warn(f"There are no rules for {language!r}: its figures were read as plain numbers, dates and all.")
        self._tell_unread(said.text, f"no rules for {language!r}")
        return said

    def _tell_unread(self, text: str, why: str) -> None:
        """Each sign has a line of its own: so a book has few lines, and none is lost among others."""
        signs = leftovers(text)
        figures = [sign for sign in signs if sign.isnumeric()]
        if figures:
            self._warn(f"Numbers were read as they stand ({why}), for example {figures[0]!r}.")
        for sign in signs:
            if not sign.isnumeric():
                self._warn(f"No word was put for the sign {sign!r} ({why}); the voice may be silent about it.")

    def _without_leftovers(self, spoken: Spoken, fixed: Sequence[Range]) -> Spoken:
        """Signs that no rule has a word for: a voice could at best be silent about them."""
        text = spoken.text
        signs = frozenset(leftovers(text))
        free = [
            sign if sign in signs and not any(start <= at < end for start, end in fixed) else " "
            for at, sign in enumerate(text)
        ]
        dropped = [_left_out(text, *found.span()) for found in re.finditer(r"\S+", "".join(free))]
        if dropped:
            named = " ".join(sorted({*free} - {" "})[:_MOST_NAMED])
            self._warn(f"No word is known for these signs; they were not spoken: {named}")
        return spoken.changed(dropped)

    def _warn(self, detail: str) -> None:
        self.warnings[detail] = None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A written stretch and what is said for it; `fixed` keeps the rules off."""

    range: Range
    said: str
    phonemes: str = ""
    fixed: bool = True


def _substituted(spoken: Spoken, entries: Sequence[_Entry]) -> Spoken:
    changes = []
    for entry in entries:
        start, end = spoken.spoken_range(*entry.range)
        changes.append(Change(start, end, entry.said))
    return spoken.changed(changes)


def _left_out(text: str, start: int, end: int) -> Change:
    """Nothing for [start, end), but a space between two words: "love♥you"."""
    parts_words = text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()
    return Change(start, end, " " if parts_words else "")


def _iso_date(written: str, order: str) -> str:
    """Day, month and year in figures as YYYY-MM-DD, where all three are there; else "" and the rules read it."""
    figures = re.findall(r"\d+", written)
    named = dict(zip(order, figures, strict=False))
    if sorted(named) != ["d", "m", "y"] or len(figures) != 3:
        return ""
    return f"{named['y']:0>4}-{named['m']:0>2}-{named['d']:0>2}"
