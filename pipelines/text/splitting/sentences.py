"""Splits paragraphs into sentences, by sentencex, whose boundaries are corrected with lists of abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sentencex import get_sentence_boundaries

from pipelines.language_tags import primary_subtag
from pipelines.text.style import SpokenForm

from .abbreviations import BEFORE_NUMBERS, BEFORE_SMALL_LETTERS, BEGINS, GOES_ON, MAY_END, ORDINAL_LEADS, SUFFIXES

#: Characters behind a boundary that are looked at for the next word.
_LOOK_AHEAD = 60
_LAST_WORD = re.compile(r"(?:^|[\s(\[„“\"'’«])([^\s(\[„“\"'’«]+)\.\s*$")
_INITIAL = re.compile(r"(?:^|[\s.-])[A-ZÄÖÜÉÈÀÁÍÓÚÑ]\.\s*$")
_NEXT_WORD = re.compile(r"[\s\"'“„«‘(]*([^\W\d_]+(?:'\w+)?)")
#: A full stop inside a word: "n.º", "2.ª", "c.-à-d."
_INSIDE_WORD = re.compile(r"[ºªᵒᵃ]|-\w")
_NUMBER = re.compile(r"\s*[(#]?(?:\d|[IVXLC]+\b)")
_ORDINAL = re.compile(r"(\w+)\s+\d{1,3}\.\s*$")
#: A full stop inside quotation marks or brackets, or an abbreviation like "U.S.": a sentence may end there. A run of
#: capitals is tried once, from its start: thousands of them would take a square of that.
_CLOSED_QUOTE = re.compile(r"(?:[.…][\"”’»)\]]+|(?<![A-Z]\.)(?:[A-Z]\.){2,}+)\s+(?=[\"“„«¿¡(]*[A-ZÄÖÜÉÈÀÁÍÓÚÑ])")
#: "No!—I won't."
_INTERRUPTED = re.compile(r"\s*[—–―]")
#: 「行くよ。」と言った: what is quoted is part of the sentence.
_QUOTED = re.compile(r"[。！？!?…][」』”]\s*$")
_QUOTING = re.compile(r"\s*(?:と|って|など|という|を|、)")
_ERA = re.compile(
    r"\b(?:B\.\s?C\.(?:\s?E\.)?|C\.\s?E\.|A\.\s?D\.|[vn]\.\s?Chr\.|(?:av|ap)\.\s?J\.-C\.|[ad]\.\s?C\.|[ap]\.\s?m\.)[\"”’)\]]*\s+(?=[\"“(]*[A-ZÄÖÜÉÈÀÁÍÓÚÑ])"
)
_ENDS = re.compile(r"[.!?…:;。！？；：][\"'”’»)\]」』]*\s*$")
#: "3." and "IV." before a title or an item of a list.
_ENUMERATION = re.compile(r"\s*\(?(?:\d{1,4}|[IVXLC]{1,6}|[ivxlc]{1,6})[.)]\s*$")
_AFTER_MAY_END = re.compile(
    rf"\b(?:{'|'.join(re.escape(word) for word in sorted(MAY_END))})\.[\"”’)\]]*\s+(?=[A-ZÄÖÜÉÈÀÁÍÓÚÑ¿¡„“\"])"
)


def split_sentences(text: str, language: str) -> Iterator[str]:
    """The sentences of one paragraph in order, stripped; together they hold all that is not white space.

    `language` is a BCP 47 tag; unknown ones are split by the common rules.
    """
    code = primary_subtag(language)
    held = ""
    for boundary in get_sentence_boundaries(code, text):
        held += boundary["text"]
        begins = boundary["end_index"] == len(held)
        rest = text[boundary["end_index"] : boundary["end_index"] + _LOOK_AHEAD]
        if not (begins and _ENUMERATION.match(held)) and not _goes_on(held, rest, code):
            yield from _split_at_abbreviations(held, code)
            held = ""
    yield from _split_at_abbreviations(held, code)


def sentence_ranges(text: str, language: str, unbroken: Sequence[SpokenForm] = ()) -> Iterator[tuple[int, int]]:
    """The sentences as ranges [start, end) of the text, as `split_sentences`; none ends inside one of `unbroken`."""
    start = end = 0
    for sentence in split_sentences(text, language):
        begin = text.index(sentence, end)
        # What was joined to the last sentence begins where that one began.
        start = begin if start >= end else start
        end = begin + len(sentence)
        if not any(form.start < end < form.end for form in unbroken):
            yield start, end
            start = end
    if start < end:
        yield start, end


def ends_sentence(text: str) -> bool:
    """Whether the last characters of a text end a sentence or a part of one."""
    return _ENDS.search(text) is not None


def _goes_on(sentence: str, rest: str, code: str) -> bool:
    """Whether the boundary after `sentence` is at an abbreviation, so that the sentence goes on."""
    if _INSIDE_WORD.match(rest) and not sentence[-1:].isspace():
        return True
    if _INTERRUPTED.match(rest) or (_QUOTED.search(sentence[-4:]) and _QUOTING.match(rest)):
        return True
    found = _LAST_WORD.search(sentence[-40:])
    if found is None or not rest:
        return False
    word = found.group(1).lower()
    if word in SUFFIXES and _begins(rest, code):
        return False
    if word.rpartition("-")[2] in BEFORE_SMALL_LETTERS.get(code, ()) and rest.lstrip()[:1].islower():
        return True
    if word in BEFORE_NUMBERS.get(code, ()):
        return _NUMBER.match(rest) is not None
    if word in GOES_ON.get(code, GOES_ON["en"]):
        return True
    lead = _ORDINAL.search(sentence[-40:])
    if lead is not None and lead.group(1).lower() in ORDINAL_LEADS.get(code, ()):
        return True  # der 2. Weltkrieg
    return _INITIAL.search(sentence[-6:]) is not None and not _begins(rest, code)  # J. R. R. Tolkien


def _begins(rest: str, code: str) -> bool:
    """Whether the next word is one that begins sentences rather than a name behind an initial."""
    found = _NEXT_WORD.match(rest)
    return found is not None and found.group(1).lower() in BEGINS.get(code, ())


def _split_at_abbreviations(text: str, code: str) -> Iterator[str]:
    """Split further behind closing quotes and behind abbreviations that may end a sentence."""
    ends = {found.end() for found in _AFTER_MAY_END.finditer(text)}
    for found in _CLOSED_QUOTE.finditer(text):
        # Behind letters ("U.S. Army") only before a word that begins sentences.
        if found.group()[0] in ".…" or _begins(text[found.end() : found.end() + _LOOK_AHEAD], code):
            ends.add(found.end())
    ends |= {
        found.end() for found in _ERA.finditer(text) if _begins(text[found.end() : found.end() + _LOOK_AHEAD], code)
    }
    start = 0
    for end in sorted(ends):
        yield from _stripped(text[start:end])
        start = end
    yield from _stripped(text[start:])


def _stripped(text: str) -> Iterator[str]:
    if text := text.strip():
        yield text
