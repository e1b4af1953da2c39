"""An SSML document as utterances: sentences of one style each, with their readings, marks and silences."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.text.document import BLOCK_CHARACTERS, Document, Utterance, clean, is_speakable
from pipelines.text.documents.encoding import file_text
from pipelines.text.splitting.sentences import sentences
from pipelines.text.style import Pause, Reading, Style

from .flow import Break, Edge, Flow, Item, Mark, Words
from .parsing import parse

_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*\s+")
#: Changes of style between two edges; past it a sentence ends where the next one is.
_MOST_STYLES = 500
_WEIGHT: dict[Pause, int] = {"none": 0, "sentence": 1, "paragraph": 2}


def read_string(text: str) -> Document:
    """The document of an SSML text. Raises `BadInput` with line and column, the whole of it read by then."""
    flow = Flow(parse(text))
    items = list(flow.items())
    return Document(blocks=_utterances(_portions(iter(items)), flow.language or "en"), language=flow.language)


def read_file(path: Path, maximum_characters: int) -> Document:
    """The document of an SSML file."""
    return read_string("".join(file_text(path, maximum_characters)))


@dataclass(slots=True)
class _Paragraph:
    """What has been read since the last edge or break."""

    language: str
    text: str = ""
    #: (start, style) of each stretch of one style.
    styles: list[tuple[int, Style]] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    marks: list[tuple[str, int]] = field(default_factory=list)
    is_whole: bool = False

    def add(self, words: Words) -> None:
        """Text behind the text so far; white space counts as one space, and as none at the beginning."""
        text = re.sub(r"\s+", " ", words.text)
        said = clean(text)
        if (text[:1] == " " or not said) and self.text and not self.text.endswith(" "):
            self.text += " "
        if not said:
            return
        start = len(self.text)
        if not self.styles or self.styles[-1][1] != words.style:
            self.styles.append((start, words.style))
        self.text += said
        if words.how:
            self.readings.append(Reading(start, len(self.text), words.how, words.detail))
        if text.endswith(" "):
            self.text += " "

    def utterances(self, pause: Pause, silence_s: float | None) -> Iterator[Utterance]:
        """What was read, cut where sentences end and where the style changes; behind it `pause` or a silence."""
        cuts = list(self._cuts())
        if not cuts:
            if self.marks or silence_s is not None:
                yield Utterance("", "none", marks=[(name, 0) for name, _ in self.marks], silence_s=silence_s)
            return
        for number, (start, end, style, ends_sentence) in enumerate(cuts):
            is_last = number == len(cuts) - 1
            until = len(self.text) + 1 if is_last else cuts[number + 1][0]
            since = 0 if number == 0 else start
            yield Utterance(
                self.text[start:end],
                pause if is_last else "sentence" if ends_sentence else "none",
                style,
                [reading.moved(start) for reading in self.readings if start <= reading.start < end],
                [(name, min(max(at - start, 0), end - start)) for name, at in self.marks if since <= at < until],
                silence_s if is_last else None,
            )

    def _cuts(self) -> Iterator[tuple[int, int, Style, bool]]:
        borders = [start for start, _ in self.styles[1:]]
        for start, end in self._sentences():
            inner = [start, *(border for border in borders if start < border < end), end]
            for first, last in itertools.pairwise(inner):
                piece = self.text[first:last]
                if is_speakable(piece):
                    first += len(piece) - len(piece.lstrip())
                    last = first + len(piece.strip())
                    yield first, last, self._style_at(first), last >= len(self.text[:end].rstrip())

    def _sentences(self) -> Iterator[tuple[int, int]]:
        if self.is_whole:
            yield 0, len(self.text)
            return
        start = done = 0
        for sentence in sentences(self.text, self.language):
            done = self.text.index(sentence, done) + len(sentence)
            if not any(reading.start < done < reading.end for reading in self.readings):
                yield start, done
                start = done
        if self.text[start:].strip():
            yield start, len(self.text)

    def _style_at(self, position: int) -> Style:
        return next(style for start, style in reversed(self.styles) if start <= position)


def _utterances(items: Iterator[Item], language: str) -> Iterator[Utterance]:
    """Utterances in order. The last one is held back: an edge behind it may lengthen its pause."""
    paragraph, held = _Paragraph(language), list[Utterance]()
    for item in items:
        if isinstance(item, Words):
            paragraph.add(item)
            if len(paragraph.text) < BLOCK_CHARACTERS and len(paragraph.styles) < _MOST_STYLES:
                continue
            item = Edge("sentence", paragraph.is_whole)
        if isinstance(item, Mark):
            paragraph.marks.append((item.name, len(paragraph.text)))
            continue
        pause: Pause = item.pause if isinstance(item, Edge) else "none"
        found = list(paragraph.utterances(pause, item.seconds if isinstance(item, Break) else None))
        if not found and held and _WEIGHT[pause] > _WEIGHT[held[-1].pause]:
            held[-1] = replace(held[-1], pause=pause)
        yield from [*held, *found][:-1]
        held = [*held, *found][-1:]
        paragraph = _Paragraph(language, is_whole=item.whole if isinstance(item, Edge) else paragraph.is_whole)
    yield from held
    yield from paragraph.utterances("paragraph", None)


def _portions(items: Iterator[Item]) -> Iterator[Item]:
    """The items, long plain texts in portions that end at a sentence if they can: nothing grows with the document."""
    for item in items:
        if not isinstance(item, Words) or item.how:
            yield item
            continue
        text = item.text
        while len(text) > BLOCK_CHARACTERS:
            ends = [found.end() for found in _SENTENCE_END.finditer(text, BLOCK_CHARACTERS // 2, BLOCK_CHARACTERS)]
            space = text.rfind(" ", BLOCK_CHARACTERS // 2, BLOCK_CHARACTERS)
            cut = ends[-1] if ends else space + 1 if space > 0 else BLOCK_CHARACTERS
            yield replace(item, text=text[:cut])
            text = text[cut:]
        yield replace(item, text=text)
