"""Leaves out the table of contents of a plain text: titles of chapters behind a line such as "CONTENTS"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipelines.text.annotated_text import LINE_BREAK
from pipelines.text.document import Block, Chapter, Heading, Paragraph

from .html_rules import Omission
from .reading import Reading

_CONTENTS = re.compile(
    r"(?:table of )?contents\W*|inhalt(?:sverzeichnis)?\W*|table des (?:matières|chapitres)\W*|sommaire\W*|índice\W*|"
    r"indice\W*|inhoud(?:sopgave)?\W*",
    re.I,
)
#: The heads of its columns.
_COLUMNS = re.compile(r"(?:\W*(?:chapter|chap|page|kapitel|seite|chapitre|capítulo|página)\b\.?)+\W*", re.I)
#: "The Start ........ 12", "The Start 12".
_ENTRY = re.compile(r".{1,100}?(?:\s*(?:\.\s?){3,}\s*|\s)(?:\d{1,4}|[ivxlc]{1,6})")
_ENTRY_CHARACTERS = 80
#: More titles without text are no table of contents.
_MOST_HELD = 1_000


def drop_contents(blocks: Iterable[Block], reading: Reading) -> Iterator[Block]:
    """The blocks without tables of contents, whose titles come again before their texts."""
    before = 0
    held: list[Block] = []
    for block in blocks:
        if isinstance(block, Paragraph) and _CONTENTS.fullmatch(block.text):
            yield from held
            held, before = [block], reading.omissions[Omission.CONTENTS]
        elif held and isinstance(block, Chapter | Heading) and len(held) < _MOST_HELD:
            held.append(block)
        elif held and isinstance(block, Paragraph) and _is_part(block.text):
            reading.omissions[Omission.CONTENTS] += block.text.count(LINE_BREAK) + 1
        elif held:
            yield from _read_titles(held, before, reading)
            held = []
            yield block
        else:
            yield block
    yield from _read_titles(held, before, reading)


def _is_part(text: str) -> bool:
    """Whether a paragraph in a table of contents is some of its entries, rather than text."""
    lines = text.split(LINE_BREAK)
    are_titles = len(lines) > 1 and all(len(line) < _ENTRY_CHARACTERS and line[-1] not in ".!?" for line in lines)
    return are_titles or all(map(_ENTRY.fullmatch, lines)) or _COLUMNS.fullmatch(text) is not None


def _read_titles(held: list[Block], before: int, reading: Reading) -> Iterator[Block]:
    """Of titles in a row only the last, to which the text belongs that follows."""
    if not held:
        return
    chapters = [number for number, block in enumerate(held) if isinstance(block, Chapter)]
    if len(chapters) > 2:
        reading.omissions[Omission.CONTENTS] += len(chapters) - 1
        yield from held[chapters[-1] :]
    elif reading.omissions[Omission.CONTENTS] > before:
        yield from held[1:]
    else:
        yield from held
