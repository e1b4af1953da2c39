"""What every reader produces: a few facts about a document and a stream of its blocks, in reading order.

A document is never held whole: `blocks` is consumed once, so a book of any length needs the memory of a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pipelines.errors import InputTooLarge

from .style import PLAIN, Pause, Reading, Style

#: Longest block that a reader hands on; a longer paragraph comes as several, all but the first marked `continues`.
BLOCK_CHARACTERS = 16_384

# Soft hyphens, zero-width spaces and byte order marks are for the eye; control characters are commands to some engines.
_INVISIBLE = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF))
_CONTROL = dict.fromkeys((*range(32), *range(127, 160)), " ")
_CLEAN = _INVISIBLE | _CONTROL
_SPEAKABLE = re.compile("[^\\W_]|[\U0001f000-\U0001faff$€£¥%&+=@§°]")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter begins here. The title is a mark for players; what is spoken comes as blocks of its own."""

    title: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading to speak, with a pause after it. Level 1 is the highest."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text to speak. `continues` says that it goes on from the block before without a pause of its own."""

    text: str
    continues: bool = False
    style: Style = PLAIN


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence, or a part of one, whose source says how it is spoken; without text a silence, or a place for marks.

    `readings` and `marks` are at characters of the text; `silence_s` is behind it and None for that of `pause`.
    """

    text: str
    pause: Pause = "sentence"
    style: Style = PLAIN
    readings: Sequence[Reading] = ()
    marks: Sequence[tuple[str, int]] = ()
    silence_s: float | None = None


Block = Chapter | Heading | Paragraph | Utterance


@dataclass(frozen=True, slots=True)
class Cover:
    """The picture of a book, JPEG or PNG, as it was found."""

    content_type: str
    data: bytes


@dataclass(slots=True)
class Document:
    """A readable document; `blocks` can be walked once."""

    blocks: Iterator[Block]
    title: str | None = None
    author: str | None = None
    language: str | None = None  # BCP 47
    cover: Cover | None = None
    #: Notes for the user about what was missing or skipped.
    remarks: list[str] = field(default_factory=list)


def clean(text: str) -> str:
    """One line, single spaces, no control or invisible characters."""
    return " ".join(text.translate(_CLEAN).split())


def is_speakable(text: str) -> bool:
    """Whether there is a letter, digit or spoken sign in it; rules, asterisks and bullets are not speech."""
    return _SPEAKABLE.search(text) is not None


#: What a line across the page is to a listener: as a row of asterisks, a longer pause.
RULE = Paragraph("* * *")


def paragraphs(text: str) -> Iterator[Paragraph]:
    """One paragraph, cut at a space where it is longer than a block may be."""
    text = clean(text)
    continues = False
    while len(text) > BLOCK_CHARACTERS:
        cut = text.rfind(" ", BLOCK_CHARACTERS // 2, BLOCK_CHARACTERS)
        cut = cut if cut > 0 else BLOCK_CHARACTERS
        yield Paragraph(text[:cut].strip(), continues)
        text, continues = text[cut:].strip(), True
    if text:
        yield Paragraph(text, continues)


def chapters_from_headings(blocks: Iterable[Block], level: int) -> Iterator[Block]:
    """The blocks with a chapter begun at every heading of `level` or above (a smaller number is above)."""
    for block in blocks:
        if isinstance(block, Heading) and block.level <= level:
            yield Chapter(block.text)
        yield block


def chapter_level(counts: dict[int, int]) -> int:
    """The heading level that divides a document: the highest one used more than once, else the highest used."""
    several = [level for level, count in counts.items() if count > 1]
    return min(several or counts or [1])


def limited(blocks: Iterable[Block], maximum: int) -> Iterator[Block]:
    """The blocks, until their text passes `maximum` characters. Raises `InputTooLarge`."""
    seen = 0
    for block in blocks:
        if not isinstance(block, Chapter):
            seen += len(block.text)
            if seen > maximum:
                raise too_long(maximum)
        yield block


def too_long(maximum: int) -> InputTooLarge:
    """The one message about long texts."""
    return InputTooLarge(
        f"The text is longer than {maximum:,} characters, the most that one job takes on this server; "
        "divide it (by volumes, say) and send each part as a job of its own.",
        field="text",
    )


Opener = Callable[[], Iterator[str]]
