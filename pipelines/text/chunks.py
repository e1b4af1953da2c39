"""Blocks into chunks: what one engine call after another will speak. Knows sentences and pauses, not voices.

A chunk ends at the end of a sentence and never crosses a chapter. Only a sentence longer than a whole chunk is cut,
at a comma, else at a space, else anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from .document import Block, Chapter, Heading, Paragraph, is_speakable
from .sentences import sentences

#: What follows a piece; `pipelines.synthesis` knows how long each is.
Pause = Literal["none", "sentence", "paragraph", "heading", "break", "chapter"]

_WEIGHT: dict[Pause, int] = {"none": 0, "sentence": 1, "paragraph": 2, "heading": 3, "break": 4, "chapter": 5}
_CLAUSE_ENDS = ";:,–—،、，；"


@dataclass(slots=True)
class Piece:
    """A sentence, or a part of a very long one, and the pause behind it."""

    text: str
    pause: Pause = "sentence"


@dataclass(slots=True)
class Chunk:
    """Pieces of one chapter, `limit` characters in all at most."""

    chapter: int
    pieces: list[Piece] = field(default_factory=list)
    characters: int = 0


@dataclass(slots=True)
class Division:
    """Divides a document; `chapters` is complete when `chunks` has been walked."""

    language: str
    limit: int
    #: Titles of the chapters that have text, in order; None for text before the first.
    chapters: list[str | None] = field(default_factory=list)
    #: Number of the first chunk of each chapter.
    first_chunks: list[int] = field(default_factory=list)
    _count: int = 0
    _chunk: Chunk | None = None
    _title: str | None = None
    #: Whether the chapter at hand has a paragraph yet; one of headings alone is joined to the next.
    _has_body: bool = True
    _starts_chapter: bool = True
    _tail: str = ""

    def chunks(self, blocks: Iterable[Block]) -> Iterator[Chunk]:
        """The chunks in order. Text that cannot be spoken (rules, asterisks) lengthens the pause before it."""
        for block in blocks:
            if not (isinstance(block, Paragraph) and block.continues):
                yield from self._end_paragraph()
            if isinstance(block, Chapter):
                yield from self._begin_chapter(block.title)
            elif isinstance(block, Heading):
                yield from self._speak_heading(block)
            elif is_speakable(block.text) or self._tail:
                yield from self._speak_paragraph(block)
            else:
                self._lengthen("break")
        yield from self._end_paragraph()
        if self._chunk is not None:
            self._lengthen("none", exactly=True)
            yield self._chunk
            self._chunk = None

    def _begin_chapter(self, title: str) -> Iterator[Chunk]:
        if self._has_body:
            self._lengthen("chapter")
            if self._chunk is not None:
                yield self._chunk
            self._chunk, self._starts_chapter, self._has_body = None, True, False
        elif self._chunk is not None:
            self.chapters[self._chunk.chapter] = title
        self._title = title

    def _speak_heading(self, block: Heading) -> Iterator[Chunk]:
        if not is_speakable(block.text):
            return
        # A new section would rather begin a chunk than end one.
        if self._chunk is not None and self._chunk.characters > self.limit // 2:
            yield self._chunk
            self._chunk = None
        for sentence in sentences(block.text, self.language):
            yield from self._add(sentence)
        self._lengthen("heading")

    def _speak_paragraph(self, block: Paragraph) -> Iterator[Chunk]:
        self._has_body = True
        text = _joined(self._tail, block.text)
        *whole, self._tail = sentences(text, self.language)
        for sentence in whole:
            yield from self._add(sentence)
        if len(self._tail) > self.limit:
            *parts, self._tail = _parts(self._tail, self.limit)
            for part in parts:
                yield from self._add(part, "none")

    def _end_paragraph(self) -> Iterator[Chunk]:
        """The last sentence of a paragraph waits here: the next block may go on with it."""
        if self._tail:
            yield from self._add(self._tail)
            self._tail = ""
            self._lengthen("paragraph")

    def _add(self, sentence: str, pause: Pause = "sentence") -> Iterator[Chunk]:
        if not is_speakable(sentence):
            return
        *parts, last = _parts(sentence, self.limit)
        for text, after in (*((part, "none") for part in parts), (last, pause)):
            if self._chunk is not None and self._chunk.characters + len(text) > self.limit:
                yield self._chunk
                self._chunk = None
            if self._chunk is None:
                if self._starts_chapter:
                    self.chapters.append(self._title)
                    self.first_chunks.append(self._count)
                    self._starts_chapter = False
                self._chunk = Chunk(len(self.chapters) - 1)
                self._count += 1
            self._chunk.pieces.append(Piece(text, after))  # type: ignore[arg-type]
            self._chunk.characters += len(text)

    def _lengthen(self, pause: Pause, *, exactly: bool = False) -> None:
        if self._chunk is not None and self._chunk.pieces:
            last = self._chunk.pieces[-1]
            if exactly or _WEIGHT[pause] > _WEIGHT[last.pause]:
                last.pause = pause


def _joined(tail: str, text: str) -> str:
    if not tail or not text:
        return tail or text
    # Scripts that are written without spaces get none.
    glue = "" if ord(tail[-1]) > 0x2E7F or ord(text[0]) > 0x2E7F else " "
    return tail + glue + text


def _parts(sentence: str, limit: int) -> list[str]:
    parts = []
    while len(sentence) > limit:
        window = sentence[:limit]
        cut = max(window.rfind(mark, limit // 2) for mark in _CLAUSE_ENDS) + 1
        if cut <= 0:
            cut = window.rfind(" ", limit // 2) + 1
        cut = cut if cut > 0 else limit
        parts.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
    return [*parts, sentence] if sentence else parts
