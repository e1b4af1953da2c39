"""Tells lines that are phrases, as of a poem, from lines that were broken at the width of a page."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from .annotated_text import LINE_BREAK, AnnotatedText


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


#: A word that goes on in the next line. Behind a soft hyphen it always does.
_HYPHENATED = re.compile(r"(-?)([^\W_]+)[-\u2010]$")
#: First parts of words that have a hyphen wherever they stand.
_COMPOUNDING = _words("""
    all anti bad best better co cross double eight eighty ever ex far fifty five forty four full good half hard
    high ill large last left light long low mid multi never new nine ninety non north old once one open over
    part post pre pro quasi re right second self semi seven seventy short six sixty small so soft south sub ten
    third thirty three top twenty two ultra under vice well west wide world young east
""")
#: Words that hardly ever end a phrase.
_LEADING = _words("""
    and or but the a an of in to with by for from at on as that than his her its their my your
    und oder der die das den dem des ein eine einen im am vom zum zur mit zu auf von bei dass
    et ou le la les de du des un une au aux en dans par pour sur que
    y o el los las del al una con por para en su sus
""")
#: Lines of verse are hardly ever longer.
_LONGEST_VERSE = 60
#: Running text is hardly ever set narrower.
_NARROW = 50
#: The share of lines that begin with a capital in verse and lists.
_MOST = 0.8
#: A sentence that begins within a line.
_NEW_SENTENCE = re.compile(r"[a-zà-ÿ][.!?][\"”’)]*\s+[\"“‘(]*[A-ZÄÖÜÀÉ]")
#: Characters in which the end of a broken word is looked for.
_LONGEST_WORD = 80
#: The marks that end sentences.
_SENTENCE_ENDS = tuple(".!?…。！？")
#: Items of a list that are one text.
_MOST_ITEMS = 100
#: Scripts that are written without spaces.
_UNSPACED = re.compile("[\u3001-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff65\U00020000-\U0003ffff]")


def join_lines(lines: Sequence[str], indents: Sequence[int] = ()) -> str:
    """The text of a paragraph's lines: running text in one line, verse and lists with their line breaks.

    `indents`: the spaces before each line, where they are known.
    """
    if not are_phrases(lines, indents):
        return _join_running(lines)
    return LINE_BREAK.join(lines)


def are_phrases(lines: Sequence[str], indents: Sequence[int] = ()) -> bool:
    """Whether each line is a phrase of its own: verse, a list, an address.

    Running text fills its lines: the first word of a line would not have fitted into the line before.
    """
    if len(lines) < 2 or max(map(len, lines)) > _LONGEST_VERSE + 10:
        return False
    width = max(map(len, lines))
    starts = [line for line in lines if line[:1].isupper() or not line[:1].isalpha()]
    if _UNSPACED.search(lines[0]) or 3 * sum(_NEW_SENTENCE.search(line) is not None for line in lines) >= len(lines):
        return False
    if 3 * sum(line.rsplit(" ", 1)[-1] in _LEADING for line in lines[:-1]) >= len(lines) - 1:
        return False
    if len({*indents[1:]}) > 1 and width <= _LONGEST_VERSE:
        return True  # Running text has one margin.
    if width <= _NARROW:
        return len(starts) >= _MOST * len(lines)
    breaks = list(itertools.pairwise(lines))
    early = [line for line, after in breaks if len(line) + 1 + len(after.split(" ", 1)[0]) <= width]
    return 2 * len(early) >= len(breaks) and len(starts) >= _MOST * len(lines)


def join_items(items: Sequence[AnnotatedText]) -> Iterator[AnnotatedText]:
    """The items of a list: lines of one text where they are words and phrases, else each by itself."""
    ended = sum(item.text[-1:] in _SENTENCE_ENDS for item in items)
    if len(items) < 2 or 2 * ended >= len(items):
        yield from items
        return
    for start in range(0, len(items), _MOST_ITEMS):
        lines, *more = items[start : start + _MOST_ITEMS]
        for item in more:
            lines = lines.join(AnnotatedText(LINE_BREAK)).join(item)
        yield lines


def _keeps_hyphen(found: re.Match[str]) -> bool:
    """Whether the hyphen at the end of a line is one of the word: "well-known", "e-mail", "mother-in-law"."""
    first = found.group(2)
    return bool(found.group(1)) or len(first) == 1 or first.lower() in _COMPOUNDING


def _joins(before: str, line: str, *, is_hyphenated: bool) -> bool:
    """Whether a line follows without a space: behind a hyphen, or in a script that has no spaces."""
    if is_hyphenated:
        return line[:1].isalnum()
    return bool(_UNSPACED.match(before[-1]) and _UNSPACED.match(line))


def _join_running(lines: Sequence[str]) -> str:
    parts: list[str] = []
    for line in lines:
        before = parts[-1] if parts else ""
        found = _HYPHENATED.search(before)
        if before.endswith("\u00ad"):
            parts[-1] = before[:-1]
        elif found is not None and line[:1].islower() and found.group(2).isalpha():
            parts[-1] = before if _keeps_hyphen(found) else before[:-1]
        elif before and not _joins(before, line, is_hyphenated=found is not None):
            parts.append(" ")
        parts.append(line)
    return "".join(parts)


def join_broken_word(before: AnnotatedText, after: AnnotatedText) -> AnnotatedText | None:
    """One text of two, of which the first ends within a word that goes on in the second; None where it does not."""
    found = _HYPHENATED.search(before.text[-_LONGEST_WORD:])
    if found is None or not found.group(2).isalpha() or not after.text[:1].islower():
        return None
    end = len(before) - (0 if _keeps_hyphen(found) else 1)
    return before.slice(0, end).join(after)


def breaks_off(text: str) -> bool:
    """Whether a text ends within a sentence."""
    return text[-1:].isalnum() or text[-1:] in (",", ";", "–", "—")


def join_wrapped_lines(text: AnnotatedText) -> AnnotatedText:
    """The text without the line breaks of running text: a long line, and behind it a word in small letters."""
    if LINE_BREAK not in text.text:
        return text
    joined, start = AnnotatedText(), 0
    for line in text.split_lines():
        if joined.text:
            before = joined.text[start:]
            is_wrapped = len(before) > _LONGEST_VERSE and line.text[0].islower()
            joined = joined.join(AnnotatedText(" " if is_wrapped else LINE_BREAK))
            start = start if is_wrapped else len(joined)
        joined = joined.join(line)
    return joined
