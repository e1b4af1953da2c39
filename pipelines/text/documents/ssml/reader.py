"""Reads SSML into utterances: sentences of one style each, with their spoken forms, marks and silences."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.pipeline import Limits
from pipelines.text.document import BLOCK_CHARACTERS, Document, Utterance, clean_text, is_speakable
from pipelines.text.documents.encoding import read_text_file
from pipelines.text.documents.reading import DEFAULT_OPTIONS, ReadingOptions
from pipelines.text.splitting.sentences import split_sentences
from pipelines.text.style import Pause, SpokenForm, Style

from .parsing import parse_ssml
from .walker import Boundary, Break, Event, Mark, SsmlWalker, TextRun

_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*\s+")
#: Changes of style between two boundaries; behind this many a sentence ends at the next one.
_MAX_STYLES = 500
_PAUSE_RANK: dict[Pause, int] = {"none": 0, "sentence": 1, "paragraph": 2}


def read_string(text: str) -> Document:
    """The document of an SSML text. Raises `BadInput` with line and column at once, not while the blocks are read."""
    walker = SsmlWalker(parse_ssml(text))
    events = list(walker.walk())
    blocks = _build_utterances(_split_long_runs(events), walker.language or "en")
    return Document(blocks=blocks, language=walker.language)


def read_file(path: Path, limits: Limits, options: ReadingOptions = DEFAULT_OPTIONS) -> Document:
    """The document of an SSML file. Raises as `read_string`, and what `read_text_file` raises."""
    return read_string("".join(read_text_file(path, limits.text_characters, options)))


@dataclass(slots=True)
class _ParagraphBuilder:
    """Collects the text between two boundaries or breaks."""

    language: str
    text: str = ""
    #: (start, style) of each run of one style.
    styles: list[tuple[int, Style]] = field(default_factory=list)
    spoken_forms: list[SpokenForm] = field(default_factory=list)
    marks: list[tuple[str, int]] = field(default_factory=list)
    #: Whether all of it is one sentence.
    is_sentence: bool = False

    def add(self, run: TextRun) -> None:
        """Append text; white space becomes one space, and none at the beginning."""
        text = re.sub(r"\s+", " ", run.text)
        spoken = clean_text(text)
        if (text[:1] == " " or not spoken) and self.text and not self.text.endswith(" "):
            self.text += " "
        if not spoken:
            return
        start = len(self.text)
        if not self.styles or self.styles[-1][1] != run.style:
            self.styles.append((start, run.style))
        self.text += spoken
        if run.form_kind:
            self.spoken_forms.append(SpokenForm(start, len(self.text), run.form_kind, run.form_value))
        if text.endswith(" "):
            self.text += " "

    def utterances(self, pause: Pause, silence_s: float | None) -> Iterator[Utterance]:
        """The text as utterances, split where sentences end and styles change; `pause` or silence follows the last."""
        parts = list(self._split())
        if not parts:
            if self.marks or silence_s is not None:
                yield Utterance("", "none", marks=[(name, 0) for name, _ in self.marks], silence_s=silence_s)
            return
        for number, (start, end, style, ends_sentence) in enumerate(parts):
            is_last = number == len(parts) - 1
            until = len(self.text) + 1 if is_last else parts[number + 1][0]
            since = 0 if number == 0 else start
            yield Utterance(
                self.text[start:end],
                pause if is_last else "sentence" if ends_sentence else "none",
                style,
                [form.shift(start) for form in self.spoken_forms if start <= form.start < end],
                [(name, min(max(at - start, 0), end - start)) for name, at in self.marks if since <= at < until],
                silence_s if is_last else None,
            )

    def _split(self) -> Iterator[tuple[int, int, Style, bool]]:
        changes = [start for start, _ in self.styles[1:]]
        for start, end in self._sentences():
            inner = [start, *(change for change in changes if start < change < end), end]
            for first, last in itertools.pairwise(inner):
                part = self.text[first:last]
                if is_speakable(part):
                    first += len(part) - len(part.lstrip())
                    last = first + len(part.strip())
                    yield first, last, self._style_at(first), last >= len(self.text[:end].rstrip())

    def _sentences(self) -> Iterator[tuple[int, int]]:
        if self.is_sentence:
            yield 0, len(self.text)
            return
        start = done = 0
        for sentence in split_sentences(self.text, self.language):
            done = self.text.index(sentence, done) + len(sentence)
            if not any(form.start < done < form.end for form in self.spoken_forms):
                yield start, done
                start = done
        if self.text[start:].strip():
            yield start, len(self.text)

    def _style_at(self, position: int) -> Style:
        return next(style for start, style in reversed(self.styles) if start <= position)


def _build_utterances(events: Iterable[Event], language: str) -> Iterator[Utterance]:
    """The utterances in order. The last one is held back: a boundary behind it may lengthen its pause."""
    paragraph, held = _ParagraphBuilder(language), list[Utterance]()
    for event in events:
        if isinstance(event, TextRun):
            paragraph.add(event)
            if len(paragraph.text) < BLOCK_CHARACTERS and len(paragraph.styles) < _MAX_STYLES:
                continue
            event = Boundary("sentence", paragraph.is_sentence)
        if isinstance(event, Mark):
            paragraph.marks.append((event.name, len(paragraph.text)))
            continue
        pause: Pause = event.pause if isinstance(event, Boundary) else "none"
        found = list(paragraph.utterances(pause, event.seconds if isinstance(event, Break) else None))
        if not found and held and _PAUSE_RANK[pause] > _PAUSE_RANK[held[-1].pause]:
            held[-1] = replace(held[-1], pause=pause)
        yield from [*held, *found][:-1]
        held = [*held, *found][-1:]
        is_sentence = event.is_sentence if isinstance(event, Boundary) else paragraph.is_sentence
        paragraph = _ParagraphBuilder(language, is_sentence=is_sentence)
    yield from held
    yield from paragraph.utterances("paragraph", None)


def _split_long_runs(events: Iterable[Event]) -> Iterator[Event]:
    """The events, with long texts split at sentences where possible, so that memory does not grow with the document."""
    for event in events:
        if not isinstance(event, TextRun) or event.form_kind:
            yield event
            continue
        text = event.text
        while len(text) > BLOCK_CHARACTERS:
            ends = [found.end() for found in _SENTENCE_END.finditer(text, BLOCK_CHARACTERS // 2, BLOCK_CHARACTERS)]
            space = text.rfind(" ", BLOCK_CHARACTERS // 2, BLOCK_CHARACTERS)
            cut = ends[-1] if ends else space + 1 if space > 0 else BLOCK_CHARACTERS
            yield replace(event, text=text[:cut])
            text = text[cut:]
        yield replace(event, text=text)
