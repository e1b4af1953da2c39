"""Splits paragraphs into sentences, by sentencex, whose boundaries are corrected with lists of abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sentencex import get_sentence_boundaries

from pipelines.language_tags import primary_subtag
from pipelines.text.style import SpokenForm

from .abbreviations import (
    BEFORE_NUMBERS,
    BEFORE_SMALL_LETTERS,
    BEGINS,
    GOES_ON,
    MAY_END,
    ORDINAL_LEADS,
    ORDINARY,
    SUFFIXES,
)

#: Characters behind a boundary that are looked at for the next word.
_LOOK_AHEAD = 60
_LAST_WORD = re.compile(r"(?:^|[\s(\[„“\"'’«])([^\s(\[„“\"'’«]+)\.\s*$")
_CAPITALS = "A-ZÀ-ÖØ-ÞĆČĎĘĚĞİŁŃŇŐŒŘŚŞŠŤŮŰŹŻŽА-ЯЁЄІЇҐ"
_INITIAL = re.compile(rf"(?:^|[\s.-])[{_CAPITALS}]\.\s*$")
_NEXT_WORD = re.compile(r"[\s\"'“„«‘(]*([^\W\d_]+(?:'\w+)?)")
#: A full stop inside a word: "n.º", "2.ª", "c.-à-d.", "a.C."
_INSIDE_WORD = re.compile(r"[ºªᵒᵃ]|-\w|[^\W\d_]\.")
#: An apostrophe that begins a word, as in "’t Was laat" and "’Twas night", rather than the end of a quotation.
_APOSTROPHE = re.compile(r"\s['’]$")
_NUMBER = re.compile(r"\s*[(#]?(?:\d|[IVXLC]+\b)")
_ORDINAL = re.compile(r"(\w+)\s+\d{1,3}\.\s*$")
#: A full stop inside quotation marks or brackets, or an abbreviation like "U.S.": a sentence may end there. A run of
#: capitals is tried once, from its start: thousands of them would take a square of that.
_CLOSED_QUOTE = re.compile(
    rf"(?:[.…][\"”’»)\]]+|(?<=\w)(?:…|\.\.\.)|(?<![A-Z]\.)(?:[A-Z]\.){{2,}}+)\s+(?=[\"“„«¿¡(]*[{_CAPITALS}])"
)
#: "— Non. — Si !": the next speaker. In English a dash behind a mark is more often a break.
_NEXT_SPEAKER = re.compile(rf"(?:\.|(?P<mark>[!?…]))[\"”’»)]*\s+(?=[—–―]\s?[\"“„«¿¡(]*[{_CAPITALS}])")
#: "No!—I won't."
_INTERRUPTED = re.compile(r"\s*[—–―]")
#: 「行くよ。」と言った: what is quoted is part of the sentence.
_QUOTED = re.compile(r"[。！？!?…][」』”]\s*$")
_QUOTING = re.compile(
    r"\s*(?:と|って|など|という|を|、|(?:[他她它我你您]|[\u4e00-\u9fff]{2,3})?(?:说|說|道|问|問|答|喊|叫))"
)
#: What stands behind a mark within a sentence: 『本。』を, どこ？と聞いた.
_CLOSING = re.compile("[」』）】》〉”’]")
_QUESTION = re.compile(r"[！？!?]\s*$")
_CITING = re.compile("と|って")
#: A letter with a full stop, before a small letter: "l'abbé T. sont".
_SHORT = re.compile(r"(?:^|[\s(])[^\W\d_]\.\s*$")
#: Abbreviations behind numbers, names and lists, where a sentence may end: "480 B.C. Nobody knew."
_LAST = re.compile(
    r"\b(?:B\.\s?C\.(?:\s?E\.)?|C\.\s?E\.|A\.\s?D\.|[vn]\.\s?Chr\.|(?:av|ap)\.\s?J\.-C\.|[ad]\.\s?C\.|[ap]\.\s?m\.|"
    r"EE\.\s?UU\.|S\.\s?A\.|(?<=\w\s)[IVX]{1,5}\.|(?:г|гг|в|вв|руб|коп|тыс|млн|млрд|др|пр|т\.\s?[дп])\.|"
    r"(?<=\d\s)(?:ft|in|lbs?|oz|yds?|mi|Min|Sek|Std|Mio|Mrd|мин|сек|кг)\.|им\.)"
    rf"[\"”’)\]]*\s+(?=[\"“(]*[{_CAPITALS}])"
)
#: "Oh! what a day", "Louis XIV. was king".
_SMALL_LETTER = re.compile(r"\s*[^\W\d_]")
_MARK = re.compile(r"[!?]\s*$")
_ROMAN = re.compile(r"\w\s+[IVXL]{2,6}\.\s*$")
_LETTER = re.compile(r"\w")
_ENDS = re.compile(r"[.!?…:;。！？；：][\"'”’»)\]」』]*\s*$")
#: "3." and "IV." before a title or an item of a list.
_ENUMERATION = re.compile(r"\s*\(?(?:\d{1,4}|[IVXLC]{1,6}|[ivxlc]{1,6})[.)]\s*$")
_AFTER_MAY_END = re.compile(
    rf"\b(?:{'|'.join(re.escape(word) for word in sorted(MAY_END))})\.[\"”’)\]]*\s+(?=[{_CAPITALS}¿¡„“\"])"
)
#: By language; before a Roman numeral they may be abbreviations: "vol. II".
_AFTER_ORDINARY = {
    code: re.compile(
        rf"\b(?<!\bet )(?:{'|'.join(sorted(words))})\.[\"”’»)\]]*\s+(?=[\"“„«‘(¿¡—–]*(?![IVXLC]+\b)[{_CAPITALS}])"
    )
    for code, words in ORDINARY.items()
}


def split_sentences(text: str, language: str) -> Iterator[str]:
    """The sentences of one paragraph in order, stripped; together they hold all that is not white space.

    `language` is a BCP 47 tag; unknown ones are split by the common rules.
    """
    code = primary_subtag(language)
    held, has_letter = "", False
    for boundary in get_sentence_boundaries(code, text):
        held += boundary["text"]
        has_letter = has_letter or _LETTER.search(boundary["text"]) is not None
        begins = boundary["end_index"] == len(held)
        rest = text[boundary["end_index"] : boundary["end_index"] + _LOOK_AHEAD]
        is_sentence = has_letter and not (begins and _ENUMERATION.match(held))
        if is_sentence and not _goes_on(held, rest, code):
            end = len(held) - (_APOSTROPHE.search(held[-2:]) is not None and rest[:1].isalpha())
            yield from _split_at_abbreviations(held[:end], code)
            held, has_letter = held[end:], False
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
    if (_CLOSING.match(rest) and not sentence[-1:].isspace()) or (
        _QUESTION.search(sentence[-2:]) and _CITING.match(rest)
    ):
        return True
    end = sentence[-12:]
    if _begins_small(rest) and (_MARK.search(end) or _ROMAN.search(end) or _SHORT.search(end)):
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
    goes_on = GOES_ON.get(code, GOES_ON["en"])
    if word in goes_on or (word.rpartition("-")[2] in goes_on and _NUMBER.match(rest)):  # "jul.-ago. 1914"
        return True
    lead = _ORDINAL.search(sentence[-40:])
    if lead is not None and lead.group(1).lower() in ORDINAL_LEADS.get(code, ()):
        return True  # der 2. Weltkrieg
    return _INITIAL.search(sentence[-6:]) is not None and not _begins(rest, code)  # J. R. R. Tolkien


def _begins_small(rest: str) -> bool:
    """Whether a small letter follows, without a quotation mark."""
    found = _SMALL_LETTER.match(rest)
    return found is not None and found.group()[-1].islower()


def _begins(rest: str, code: str) -> bool:
    """Whether the next word is one that begins sentences rather than a name behind an initial."""
    found = _NEXT_WORD.match(rest)
    return found is not None and found.group(1).lower() in BEGINS.get(code, ())


def _split_at_abbreviations(text: str, code: str) -> Iterator[str]:
    """Split further behind closing quotes and behind abbreviations that may end a sentence."""
    ends = {found.end() for found in _AFTER_MAY_END.finditer(text)}
    if code in _AFTER_ORDINARY:
        ends |= {found.end() for found in _AFTER_ORDINARY[code].finditer(text)}
    for found in _CLOSED_QUOTE.finditer(text):
        # Behind letters ("U.S. Army") only before a word that begins sentences.
        if found.group()[0] in ".…" or _begins(text[found.end() : found.end() + _LOOK_AHEAD], code):
            ends.add(found.end())
    ends |= {
        found.end() for found in _LAST.finditer(text) if _begins(text[found.end() : found.end() + _LOOK_AHEAD], code)
    }
    ends |= {found.end() for found in _NEXT_SPEAKER.finditer(text) if code != "en" or not found.group("mark")}
    start = 0
    for end in sorted(ends):
        yield from _stripped(text[start:end])
        start = end
    yield from _stripped(text[start:])


def _stripped(text: str) -> Iterator[str]:
    if text := text.strip():
        yield text
