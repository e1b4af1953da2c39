"""The document that every reader produces: metadata, and a stream of its blocks in reading order.

A document is never in memory as a whole: `blocks` is consumed once, so a book of any length needs the memory of a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.errors import InputTooLarge

from .annotated_text import LINE_BREAK, AnnotatedText
from .style import NEUTRAL_STYLE, Pause, SpokenForm, Style

#: The longest block that a reader yields; a longer paragraph comes as several, all but the first with `continues`.
BLOCK_CHARACTERS = 16_384

# Soft hyphens, zero-width spaces and byte order marks are layout; control characters are commands to some engines.
_INVISIBLE = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF))
_CONTROL = dict.fromkeys((*range(32), *range(127, 160)), " ")
_CLEAN = _INVISIBLE | _CONTROL
_SPEAKABLE = re.compile("[^\\W_]|[\U0001f000-\U0001faff$€£¥%&+=@§°]")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter begins here. The title is metadata for players; what is spoken comes as blocks of its own."""

    title: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading to speak, with a pause after it. Level 1 is the highest. Annotated as a `Paragraph`."""

    text: str
    level: int = 1
    styles: Sequence[tuple[int, Style]] = ()
    spoken_forms: Sequence[SpokenForm] = ()

    @property
    def annotated(self) -> AnnotatedText:
        """The text with its annotations."""
        return AnnotatedText(self.text, self.styles, self.spoken_forms)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text to speak; line breaks part phrases, as in a poem.

    `continues`: it belongs to the paragraph of the block before, without a pause between them. `styles` and
    `spoken_forms` are of some characters, as in `AnnotatedText`.
    """

    text: str
    continues: bool = False
    styles: Sequence[tuple[int, Style]] = ()
    spoken_forms: Sequence[SpokenForm] = ()

    @property
    def annotated(self) -> AnnotatedText:
        """The text with its annotations."""
        return AnnotatedText(self.text, self.styles, self.spoken_forms)

    @classmethod
    def from_annotated(cls, text: AnnotatedText, *, continues: bool = False) -> Paragraph:
        """The paragraph of a text with annotations."""
        return cls(text.text, continues, text.styles, text.spoken_forms)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence, or a part of one, whose source says how to speak it; without text a silence, or a place for marks.

    `spoken_forms` and `marks` have positions in `text`; `silence_s` follows it, None = the silence of `pause`.
    """

    text: str
    pause: Pause = "sentence"
    style: Style = NEUTRAL_STYLE
    spoken_forms: Sequence[SpokenForm] = ()
    marks: Sequence[tuple[str, int]] = ()
    silence_s: float | None = None


Block = Chapter | Heading | Paragraph | Utterance


@dataclass(frozen=True, slots=True)
class Cover:
    """The cover picture of a book: the bytes of its JPEG or PNG file."""

    content_type: str
    data: bytes


@dataclass(slots=True)
class Document:
    """A document; `blocks` can be iterated once."""

    blocks: Iterator[Block]
    title: str | None = None
    author: str | None = None
    language: str | None = None  # BCP 47
    #: BCP 47; what the text seems to be in, of a document that declares no language. None = not sure.
    detected_language: str | None = None
    cover: Cover | None = None
    #: Sentences for the user about what was missing or skipped.
    warnings: list[str] = field(default_factory=list)


def clean_text(text: str) -> str:
    """The text as one line, with single spaces and without control or invisible characters."""
    return " ".join(text.translate(_CLEAN).split())


def is_speakable(text: str) -> bool:
    """Whether there is a letter, digit or spoken symbol in it; rules, asterisks and bullets are not spoken."""
    return _SPEAKABLE.search(text) is not None


#: A line across the page, which is spoken like a row of asterisks: as a longer pause.
HORIZONTAL_RULE = Paragraph("* * *")


def split_paragraph(text: str) -> Iterator[Paragraph]:
    """The text as one paragraph, or as several where it is longer than a block may be, cut at spaces."""
    text = clean_text(text)
    continues = False
    while len(text) > BLOCK_CHARACTERS:
        cut = text.rfind(" ", BLOCK_CHARACTERS // 2, BLOCK_CHARACTERS)
        cut = cut if cut > 0 else BLOCK_CHARACTERS
        yield Paragraph(text[:cut].strip(), continues)
        text, continues = text[cut:].strip(), True
    if text:
        yield Paragraph(text, continues)


def split_annotated(text: AnnotatedText) -> Iterator[AnnotatedText]:
    """The text, or parts of it where it is longer than a block may be, cut at spaces."""
    start = 0
    while len(text) - start > BLOCK_CHARACTERS:
        middle, end = start + BLOCK_CHARACTERS // 2, start + BLOCK_CHARACTERS
        cut = max(text.text.rfind(" ", middle, end), text.text.rfind(LINE_BREAK, middle, end))
        cut = cut if cut > 0 else end
        yield text.slice(start, cut).strip()
        start = cut
    if text.text[start:].strip():
        yield text.slice(start, len(text)).strip()


def insert_chapters(blocks: Iterable[Block], level: int) -> Iterator[Block]:
    """The blocks, with a chapter inserted before every heading of `level` or above (a smaller number is above)."""
    for block in blocks:
        if isinstance(block, Heading) and block.level <= level:
            yield Chapter(clean_text(block.text))
        yield block


def find_chapter_level(counts: Mapping[int, int]) -> int:
    """The heading level of chapters, from headings by level: the highest one used more than once, else the highest."""
    several = [level for level, count in counts.items() if count > 1]
    return min(several or counts or [1])


def limit_characters(blocks: Iterable[Block], maximum: int) -> Iterator[Block]:
    """The blocks, until their text passes `maximum` characters. Raises `InputTooLarge`."""
    seen = 0
    for block in blocks:
        if not isinstance(block, Chapter):
            seen += len(block.text)
            if seen > maximum:
                raise text_too_long(maximum)
        yield block


def text_too_long(maximum: int) -> InputTooLarge:
    """The error for a text of more than `maximum` characters."""
    return InputTooLarge(
        f"The text is longer than {maximum:,} characters, the most that one job takes on this server; "
        "divide it (by volumes, say) and send each part as a job of its own.",
        field="text",
    )
