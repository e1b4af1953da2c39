"""Where the sentences of a paragraph begin and end. sentencex finds them; a list of abbreviations mends its cuts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sentencex import get_sentence_boundaries

from .abbreviations import GOES_ON, MAY_END

_LAST_WORD = re.compile(r"(?:^|[\s(\[„“\"'’«])([^\s(\[„“\"'’«]+)\.\s*$")
_INITIAL = re.compile(r"(?:^|[\s.])[A-ZÄÖÜ]\.\s*$")
#: "3." and "IV." before a title or an item of a list.
_ENUMERATION = re.compile(r"\s*\(?(?:\d{1,4}|[IVXLC]{1,6}|[ivxlc]{1,6})[.)]\s*$")
_ENDED = re.compile(
    rf"\b(?:{'|'.join(re.escape(word) for word in sorted(MAY_END))})\.[\"”’)\]]*\s+(?=[A-ZÄÖÜÉÈÀÁÍÓÚÑ¿¡„“\"])"
)


def sentences(text: str, language: str) -> Iterator[str]:
    """The sentences of one paragraph in order, stripped; together they hold all that is not white space.

    `language` is a BCP 47 tag; unknown ones are cut by the common rules.
    """
    code = language.partition("-")[0].lower()
    held = ""
    for boundary in get_sentence_boundaries(code, text):
        held += boundary["text"]
        begins = boundary["end_index"] == len(held)
        if not (begins and _ENUMERATION.match(held)) and not _goes_on(held, text[boundary["end_index"] :], code):
            yield from _split_ended(held)
            held = ""
    yield from _split_ended(held)


def _goes_on(sentence: str, rest: str, code: str) -> bool:
    """Whether the cut after `sentence` was made at an abbreviation."""
    found = _LAST_WORD.search(sentence[-40:])
    if found is None or not rest:
        return False
    word = found.group(1).lower()
    if word in GOES_ON.get(code, GOES_ON["en"]):
        return True
    return _INITIAL.search(sentence[-6:]) is not None  # J. R. R. Tolkien


def _split_ended(text: str) -> Iterator[str]:
    start = 0
    for found in _ENDED.finditer(text):
        yield from _stripped(text[start : found.end()])
        start = found.end()
    yield from _stripped(text[start:])


def _stripped(text: str) -> Iterator[str]:
    if text := text.strip():
        yield text
