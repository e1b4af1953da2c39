"""Writes a Markdown book of any length, with known sentences and pauses. Uses only the standard library."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Characters of a chapter; a short book has `_LEAST` shorter chapters: a first, a middle and a last one.
_CHAPTER = 9_000
_LEAST = 3
_WORDS = """
    water garden letter morning winter window silver morrow thunder lantern harbour village the of and to in on over
    under beside our their his her old young small great white green quiet sudden bright heavy walks runs found heard
    lost keeps gave brought wanted remembers stones river bridge market cloud street table summer evening horse candle
""".split()  # noqa: SIM905 – a table to read
#: Figures, which the text normalisation writes out.
_FIGURES = ("in 1984", "for 5 dollars", "at 7:45 p.m.", "on 3 May 2021", "by 12 km", "with 1,250 others")


@dataclass(slots=True)
class WrittenSentence:
    """A sentence in the book, and the name of the pause after it (docs/reference/text.md)."""

    text: str
    pause: str


def write_book(path: Path, characters: int) -> tuple[list[WrittenSentence], list[str]]:
    """Write a book of about so many characters; returns its sentences and the titles of its chapters."""
    chance = random.Random(characters)
    chapters = max(_LEAST, characters // _CHAPTER)
    book: list[WrittenSentence] = []
    titles = []
    with path.open("w", encoding="utf-8") as file:
        for number in range(chapters):
            titles.append(f"Chapter {number + 1} of the {chance.choice(_WORDS)}")
            book.append(WrittenSentence(titles[-1], "heading"))
            file.write(f"# {titles[-1]}\n\n")
            for paragraph, following in _paragraphs(chance, characters // chapters):
                book += paragraph
                file.write(following[0] + " ".join(sentence.text for sentence in paragraph) + following[1])
            book[-1].pause = "chapter"
    book[-1].pause = "none"
    return book, titles


def _paragraphs(chance: random.Random, characters: int) -> Iterator[tuple[list[WrittenSentence], tuple[str, str]]]:
    """Paragraphs and headings of a chapter, with the Markdown syntax before and after them."""
    left, sections, count = characters, 0, 0
    while left > 0:
        if left < characters * (2 - sections) / 3:
            sections += 1
            heading = WrittenSentence(_sentence(chance, 4, ""), "heading")
            left -= len(heading.text)
            yield [heading], ("## ", "\n\n")
        paragraph = [
            WrittenSentence(_sentence(chance, chance.randint(1, 22)), "sentence") for _ in range(chance.randint(1, 7))
        ]
        left -= sum(len(sentence.text) for sentence in paragraph)
        count += 1
        has_break = count % 3 == 0
        paragraph[-1].pause = "break" if has_break else "paragraph"
        yield paragraph, ("", "\n\n* * *\n\n" if has_break else "\n\n")


def _sentence(chance: random.Random, words: int, end: str | None = None) -> str:
    chosen = chance.choices(_WORDS, k=words)
    if words > 8:
        chosen[words // 2] += ","
        if chance.random() < 0.3:
            chosen.append(chance.choice(_FIGURES))
    return " ".join(chosen).capitalize() + (chance.choice("...!?") if end is None else end)
