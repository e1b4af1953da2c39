"""Splits a document into chunks of sentences, each the work of one engine call. Knows sentences and pauses, not voices.

A chunk ends at the end of a sentence and never crosses a chapter. Only a sentence longer than a whole chunk is split.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.document import Block, Chapter, Heading, Paragraph, Utterance, is_speakable
from pipelines.text.style import Pause

from .segment import TextSegment, split_ranges, split_segment
from .sentences import ends_sentence, sentence_ranges

#: The longer pause wins where two meet.
_PAUSES: Sequence[Pause] = ("none", "line", "sentence", "paragraph", "heading", "break", "chapter")
_PAUSE_RANK = {pause: rank for rank, pause in enumerate(_PAUSES)}


@dataclass(slots=True)
class TextChunk:
    """Segments of one chapter, and the characters that they have together."""

    #: Number of the chapter, from 0.
    chapter: int
    segments: list[TextSegment] = field(default_factory=list)
    characters: int = 0


@dataclass(slots=True)
class DocumentSplitter:
    """Splits one document; `chapters` and `first_chunks` are complete when `split` is exhausted."""

    #: BCP 47.
    language: str
    #: Most characters in a chunk.
    limit: int
    #: Titles of the chapters that have text, in order; None for text before the first.
    chapters: list[str | None] = field(default_factory=list)
    #: Number of the first chunk of each chapter.
    first_chunks: list[int] = field(default_factory=list)
    _count: int = 0
    _chunk: TextChunk | None = None
    _title: str | None = None
    #: Whether the current chapter has a paragraph yet; one of headings alone is joined to the next.
    _has_body: bool = True
    _starts_chapter: bool = True
    #: The last sentence of the current paragraph, which the next block may continue.
    _tail: AnnotatedText = field(default_factory=AnnotatedText)

    def split(self, blocks: Iterable[Block]) -> Iterator[TextChunk]:
        """The chunks in order. Text that cannot be spoken (rules, asterisks) lengthens the pause before it."""
        for block in blocks:
            if not (isinstance(block, Paragraph) and block.continues):
                yield from self._end_paragraph()
            if isinstance(block, Chapter):
                yield from self._begin_chapter(block.title)
            elif isinstance(block, Heading):
                yield from self._add_heading(block)
            elif isinstance(block, Utterance):
                yield from self._add_utterance(block)
            elif is_speakable(block.text) or self._tail.text:
                yield from self._add_paragraph(block)
            else:
                self._lengthen_pause("break")
        yield from self._end_paragraph()
        if self._chunk is not None:
            _drop_last_pause(self._chunk)
            yield self._chunk
            self._chunk = None

    def _begin_chapter(self, title: str) -> Iterator[TextChunk]:
        if self._has_body:
            self._lengthen_pause("chapter")
            if self._chunk is not None:
                yield self._chunk
            self._chunk, self._starts_chapter, self._has_body = None, True, False
        elif self._chunk is not None:
            self.chapters[self._chunk.chapter] = title
        self._title = title

    def _add_heading(self, block: Heading) -> Iterator[TextChunk]:
        if not is_speakable(block.text):
            return
        # A new section preferably begins a chunk.
        if self._chunk is not None and self._chunk.characters > self.limit // 2:
            yield self._chunk
            self._chunk = None
        for line, pause in self._phrases(block.annotated):
            yield from self._add_phrase(line, pause)
        self._lengthen_pause("heading")

    def _add_paragraph(self, block: Paragraph) -> Iterator[TextChunk]:
        self._has_body = True
        *whole, (self._tail, _) = self._phrases(_join(self._tail, block.annotated)) or [(AnnotatedText(), "none")]
        for phrase, pause in whole:
            yield from self._add_phrase(phrase, pause)
        if len(self._tail) > self.limit:
            *parts, self._tail = (
                self._tail.slice(start, end)
                for start, end in split_ranges(self._tail.text, self.limit, self._tail.spoken_forms)
            )
            for part in parts:
                yield from self._add_phrase(part, "none")

    def _end_paragraph(self) -> Iterator[TextChunk]:
        if self._tail.text:
            yield from self._add_phrase(self._tail, "sentence")
            self._tail = AnnotatedText()
            self._lengthen_pause("paragraph")

    def _phrases(self, text: AnnotatedText) -> list[tuple[AnnotatedText, Pause]]:
        """Sentences, and lines within sentences, with what follows each of them."""
        phrases: list[tuple[AnnotatedText, Pause]] = []
        for line in text.split_lines():
            language = line.style_at(0).language or self.language
            for start, end in sentence_ranges(line.text, language, line.spoken_forms):
                phrases.append((line.slice(start, end), "sentence"))
            if phrases and not ends_sentence(line.text):
                phrases[-1] = (phrases[-1][0], "line")
        return phrases

    def _add_phrase(self, phrase: AnnotatedText, pause: Pause) -> Iterator[TextChunk]:
        parts = list(phrase.split_styles())
        for number, (style, part) in enumerate(parts):
            is_last = number == len(parts) - 1
            yield from self._add_sentence(
                TextSegment(part.text, pause if is_last else "none", style, part.spoken_forms)
            )

    def _add_utterance(self, block: Utterance) -> Iterator[TextChunk]:
        self._has_body = True
        if is_speakable(block.text):
            segment = TextSegment(
                block.text, block.pause, block.style, block.spoken_forms, block.marks, block.silence_s
            )
            yield from self._add_sentence(segment)
        else:
            marks = [(name, 0) for name, _ in block.marks]
            segment = TextSegment("", block.pause, block.style, marks=marks, silence_s=block.silence_s)
            yield from self._append(segment)

    def _add_sentence(self, segment: TextSegment) -> Iterator[TextChunk]:
        if is_speakable(segment.text):
            for part in split_segment(segment, self.limit):
                yield from self._append(part)

    def _append(self, segment: TextSegment) -> Iterator[TextChunk]:
        """Append to the current chunk; yields it first, and starts another one, where there is no room."""
        if self._chunk is not None and self._chunk.characters + len(segment.text) > self.limit:
            yield self._chunk
            self._chunk = None
        if self._chunk is None:
            if self._starts_chapter:
                self.chapters.append(self._title)
                self.first_chunks.append(self._count)
                self._starts_chapter = False
            self._chunk = TextChunk(len(self.chapters) - 1)
            self._count += 1
        self._chunk.segments.append(segment)
        self._chunk.characters += len(segment.text)

    def _lengthen_pause(self, pause: Pause) -> None:
        if self._chunk is not None and self._chunk.segments:
            last = self._chunk.segments[-1]
            if _PAUSE_RANK[pause] > _PAUSE_RANK[last.pause]:
                last.pause = pause


def _drop_last_pause(chunk: TextChunk) -> None:
    """No pause behind the last word of a document, except silence that its source asks for."""
    for segment in reversed(chunk.segments):
        segment.pause = "none"
        if segment.text:
            return


def _join(tail: AnnotatedText, text: AnnotatedText) -> AnnotatedText:
    if not tail.text or not text.text:
        return text if text.text else tail
    # Scripts that are written without spaces get none.
    space = "" if ord(tail.text[-1]) > 0x2E7F or ord(text.text[0]) > 0x2E7F else " "
    return tail.join(AnnotatedText(space)).join(text)
