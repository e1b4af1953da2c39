"""Collects the text of one paragraph of a DOCX file from its runs: what is hidden or raised, and in which language.

Knows runs and their properties; nothing of XML, and nothing of what is around the paragraph.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from pipelines.language_tags import same_language
from pipelines.text.style import NEUTRAL_STYLE, Style

from .docx_styles import PLAIN, DocxStyles, RunProperties
from .html_rules import Omission
from .inline_text import InlineText, Mark
from .reading import Reading
from .superscript import read_superscript

#: Behind a raised number: it is the upper part of a fraction.
_FRACTION_STROKES = ("/", "\u2044")


@dataclass(slots=True)
class DocxContext:
    """What the paragraphs of a document have in common."""

    styles: DocxStyles
    reading: Reading
    #: Characters by language (BCP 47), "" for those in the language that the document declares.
    characters: Counter[str] = field(default_factory=Counter)

    @property
    def language(self) -> str | None:
        """The language of the document (BCP 47)."""
        return self.reading.language or self.styles.defaults.language

    def style_of(self, properties: RunProperties, text: str) -> Style:
        """The style of text that is in another language than the document."""
        defaults, own = self.styles.defaults, self.language
        language = properties.language_of(text) or replace(defaults, language=None).language_of(text)
        if not language or (own and same_language(language, own)):
            return NEUTRAL_STYLE
        others = (defaults.east_asian, defaults.right_to_left)
        if language == defaults.language and own and any(each and same_language(each, own) for each in others):
            return NEUTRAL_STYLE  # Latin letters in a text of another script: nobody chose their language
        return Style(language=language)


@dataclass(slots=True)
class DocxParagraph:
    """A paragraph that is read."""

    context: DocxContext
    inline: InlineText = field(default_factory=InlineText)
    level: int | None = None
    continues: bool = False
    is_contents: bool = False
    is_item: bool = False
    #: Its mark is deleted, or it is a letter beside the next one: that goes on with its text.
    goes_on: bool = False
    #: What its style says of its runs.
    properties: RunProperties = PLAIN
    #: What the style of the current run says, and what the run says itself.
    run_style: RunProperties = PLAIN
    run: RunProperties = PLAIN
    #: Whether the text of the run is the mark of a note.
    is_note_mark: bool = False
    #: The notes that it refers to, which are read later.
    notes: list[str] = field(default_factory=list)
    _raised: Mark | None = None

    def set_style(self, style: str) -> None:
        """The paragraph has a style, by its id."""
        styles = self.context.styles
        self.level = styles.heading_levels.get(style, self.level)
        self.is_contents = style in styles.contents
        self.is_item = style in styles.items
        self.properties = styles.runs.get(style, PLAIN)

    def set_run_style(self, style: str) -> None:
        """The current run has a style, by its id."""
        self.run_style = self.context.styles.runs.get(style, PLAIN)

    def begin_run(self) -> None:
        """What follows has properties of its own."""
        self.run_style, self.run, self.is_note_mark = PLAIN, PLAIN, False

    def append(self, text: str) -> None:
        """Text of the current run."""
        properties = self.run.over(self.run_style).over(self.properties)
        if self.is_note_mark:
            return
        if properties.is_hidden:
            self.context.reading.omissions[Omission.HIDDEN] += 1
            return
        if properties.is_raised and self._raised is None:
            self._raised = self.inline.mark()
        elif not properties.is_raised:
            self.end_raised(text)
        letters = sum(map(str.isalpha, text))
        # Numbers and marks are in the language of what they stand behind.
        style = self.context.style_of(properties, text) if letters else self.inline.style
        self.context.characters[style.language or ""] += letters
        self.inline.append(text, style)

    def append_phrase(self, text: str) -> None:
        """Words in the place of a formula."""
        self.end_raised()
        self.inline.append_phrase(text, self.context.style_of(self.properties, ""))

    def append_note(self, text: str) -> None:
        """A note, at its reference."""
        self.inline.append(f" ({text})", self.context.style_of(self.properties, text))

    def end_raised(self, after: str = "") -> None:
        """Decide what raised text is, now that all of it is known. `after`: the text behind it, where that is known."""
        mark, self._raised = self._raised, None
        if mark is None:
            return
        content, before = self.inline.since(mark), self.inline.before(mark)
        if content.isdigit() and after.startswith(_FRACTION_STROKES):
            text: str | None = f" {content}" if before[-1:].isdigit() else content
        else:
            text = read_superscript(content, before, is_linked=False)
        if text != content:
            self.inline.cut(mark)
            if text is None:
                self.context.reading.omissions[Omission.NOTE_REFERENCE] += 1
            else:
                self.inline.append(text, self.context.style_of(self.properties, text))

    def break_line(self) -> None:
        """End the line."""
        self.end_raised()
        self.inline.break_line()

    def drop_raised(self) -> None:
        """The text was passed on in parts, with what was raised in it."""
        self._raised = None
