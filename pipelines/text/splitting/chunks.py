"""Blocks into chunks: what one engine call after another will speak. Knows sentences and pauses, not voices.

A chunk ends at the end of a sentence and never crosses a chapter. Only a sentence longer than a whole chunk is cut,
at a comma, else at a space, else anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.text.document import Block, Chapter, Heading, Paragraph, Utterance, is_speakable
from pipelines.text.style import PLAIN, Pause, Reading, Style, style_of

from .sentences import sentences

_WEIGHT: dict[Pause, int] = {"none": 0, "sentence": 1, "paragraph": 2, "heading": 3, "break": 4, "chapter": 5}
_CLAUSE_ENDS = ";:,–—،、，；"


@dataclass(slots=True)
class Piece:
    """A sentence, or a part of one, and the pause behind it. Without text it is a silence, or a place for marks."""

    text: str
    pause: Pause = "sentence"
    style: Style = PLAIN
    readings: Sequence[Reading] = ()
    #: Names and the characters of the text before which they stand.
    marks: Sequence[tuple[str, int]] = ()
    #: Seconds of silence behind it that the source itself asks for, whatever the speed; None = those of `pause`.
    silence_s: float | None = None

    def data(self) -> list[Any]:
        """For JSON: [text, pause], and what else there is."""
        more = {
            "style": self.style.data(),
            "readings": [reading.data() for reading in self.readings],
            "marks": [list(mark) for mark in self.marks],
            "silence_s": self.silence_s,
        }
        kept = {name: value for name, value in more.items() if value not in ({}, [], None)}
        return [self.text, self.pause, kept] if kept else [self.text, self.pause]

    @classmethod
    def of(cls, data: Sequence[Any]) -> Piece:
        """What `data` wrote."""
        text, pause, *rest = data
        more = rest[0] if rest else {}
        return cls(
            text,
            pause,
            style_of(more.get("style", {})),
            tuple(Reading(*reading) for reading in more.get("readings", ())),
            tuple((name, at) for name, at in more.get("marks", ())),
            more.get("silence_s"),
        )


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
    _style: Style = PLAIN

    def chunks(self, blocks: Iterable[Block]) -> Iterator[Chunk]:
        """The chunks in order. Text that cannot be spoken (rules, asterisks) lengthens the pause before it."""
        for block in blocks:
            if not (isinstance(block, Paragraph) and block.continues):
                yield from self._end_paragraph()
            if isinstance(block, Chapter):
                yield from self._begin_chapter(block.title)
            elif isinstance(block, Heading):
                yield from self._speak_heading(block)
            elif isinstance(block, Utterance):
                yield from self._speak_utterance(block)
            elif is_speakable(block.text) or self._tail:
                yield from self._speak_paragraph(block)
            else:
                self._lengthen("break")
        yield from self._end_paragraph()
        if self._chunk is not None:
            self._end_in_sound(self._chunk)
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
            yield from self._add(Piece(sentence))
        self._lengthen("heading")

    def _speak_paragraph(self, block: Paragraph) -> Iterator[Chunk]:
        self._has_body = True
        self._style = block.style
        text = _joined(self._tail, block.text)
        *whole, self._tail = sentences(text, self.language)
        for sentence in whole:
            yield from self._add(Piece(sentence, style=self._style))
        if len(self._tail) > self.limit:
            *parts, self._tail = _parts(self._tail, self.limit)
            for part in parts:
                yield from self._add(Piece(part, "none", self._style))

    def _end_paragraph(self) -> Iterator[Chunk]:
        """The last sentence of a paragraph waits here: the next block may go on with it."""
        if self._tail:
            yield from self._add(Piece(self._tail, style=self._style))
            self._tail = ""
            self._lengthen("paragraph")

    def _speak_utterance(self, block: Utterance) -> Iterator[Chunk]:
        self._has_body = True
        text = block.text if is_speakable(block.text) else ""
        marks = block.marks if text else [(name, 0) for name, _ in block.marks]
        piece = Piece(text, block.pause, block.style, block.readings if text else (), marks, block.silence_s)
        if text:
            yield from self._add(piece)
        else:
            yield from self._place(piece)

    def _add(self, piece: Piece) -> Iterator[Chunk]:
        if is_speakable(piece.text):
            for part in parts_of(piece, self.limit):
                yield from self._place(part)

    def _place(self, piece: Piece) -> Iterator[Chunk]:
        if self._chunk is not None and self._chunk.characters + len(piece.text) > self.limit:
            yield self._chunk
            self._chunk = None
        if self._chunk is None:
            if self._starts_chapter:
                self.chapters.append(self._title)
                self.first_chunks.append(self._count)
                self._starts_chapter = False
            self._chunk = Chunk(len(self.chapters) - 1)
            self._count += 1
        self._chunk.pieces.append(piece)
        self._chunk.characters += len(piece.text)

    def _lengthen(self, pause: Pause) -> None:
        if self._chunk is not None and self._chunk.pieces:
            last = self._chunk.pieces[-1]
            if _WEIGHT[pause] > _WEIGHT[last.pause]:
                last.pause = pause

    @staticmethod
    def _end_in_sound(chunk: Chunk) -> None:
        """No pause behind the last word of a document, but what its source itself asks for."""
        for piece in reversed(chunk.pieces):
            piece.pause = "none"
            if piece.text:
                return


def _joined(tail: str, text: str) -> str:
    if not tail or not text:
        return tail or text
    # Scripts that are written without spaces get none.
    glue = "" if ord(tail[-1]) > 0x2E7F or ord(text[0]) > 0x2E7F else " "
    return tail + glue + text


def _parts(sentence: str, limit: int) -> list[str]:
    return [sentence[start:end] for start, end in _cuts(sentence, limit)]


def parts_of(piece: Piece, limit: int) -> Iterator[Piece]:
    """The piece, or several where its text is longer than a chunk; readings and marks go with their characters."""
    cuts = list(_cuts(piece.text, limit, piece.readings))
    for number, (start, end) in enumerate(cuts):
        is_last = number == len(cuts) - 1
        yield Piece(
            piece.text[start:end],
            piece.pause if is_last else "none",
            piece.style,
            [reading.moved(start) for reading in piece.readings if start <= reading.start < end],
            [(name, at - start) for name, at in piece.marks if start <= at < end or (is_last and at >= end)],
            piece.silence_s if is_last else None,
        )


def _cuts(sentence: str, limit: int, readings: Sequence[Reading] = ()) -> Iterator[tuple[int, int]]:
    """Ranges of at most `limit` characters, without the spaces at their edges; none ends inside a reading."""
    start, end = 0, len(sentence)
    while end - start > limit:
        window = sentence[start : start + limit]
        cut = max(window.rfind(mark, limit // 2) for mark in _CLAUSE_ENDS) + 1
        if cut <= 0:
            cut = window.rfind(" ", limit // 2) + 1
        cut = start + (cut if cut > 0 else limit)
        for reading in readings:
            if reading.start < cut < reading.end:
                cut = reading.start if reading.start > start else reading.end
        yield from _trimmed(sentence, start, cut)
        start = cut
    yield from _trimmed(sentence, start, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield start, end
