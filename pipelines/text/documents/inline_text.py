"""Collects the text of one block while its elements are read: white space as a page shows it, with annotations.

Knows characters, styles and spoken forms; nothing of elements.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pipelines.text.annotated_text import LINE_BREAK, AnnotatedText
from pipelines.text.document import clean_text, split_annotated
from pipelines.text.style import NEUTRAL_STYLE, SpokenForm, Style

_CLOSING = ",.;:!?)]}”’"
#: What a raised number belongs to is in these characters before it.
_CONTEXT_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text, to which `cut` can return."""

    position: int
    has_space: bool


@dataclass(slots=True)
class InlineText:
    """White space becomes one space, and none at either end of a line."""

    _text: str = ""
    #: Whether a space is due before the next character.
    _has_space: bool = False
    _drops_space: bool = False
    #: Whether that space is left out before a comma.
    _is_soft: bool = False
    _styles: list[tuple[int, Style]] = field(default_factory=list)
    _spoken_forms: list[SpokenForm] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._text)

    @property
    def text(self) -> str:
        """The text so far, without white space at its end."""
        return self._text

    @property
    def style(self) -> Style:
        """The style of the last characters."""
        return self._styles[-1][1] if self._styles else NEUTRAL_STYLE

    def before(self, mark: Mark) -> str:
        """The characters in front of a mark that can tell what follows; with a space at their end where one is due."""
        return self._text[max(0, mark.position - _CONTEXT_CHARACTERS) : mark.position] + " " * mark.has_space

    def append(self, text: str, style: Style = NEUTRAL_STYLE) -> None:
        """Append text of one style."""
        if self._drops_space:
            self._drops_space = not text.strip()
            text = text.lstrip() if not text.strip() or text.strip()[0].islower() else text
        shown = clean_text(text)
        if not shown:
            self._has_space = self._has_space or (bool(text) and not text.strip())
            return
        if self._is_soft and text[0] in _CLOSING:
            self._has_space = False
        self._is_soft = False
        if (self._has_space or text[0].isspace()) and self._text and not self._text.endswith(LINE_BREAK):
            self._text += " "
        if style != self.style:
            self._styles.append((len(self._text), style))
        self._text += shown
        self._has_space = text[-1].isspace()

    def append_phrase(self, text: str, style: Style = NEUTRAL_STYLE) -> None:
        """Append text with a space on either side, but none before a comma."""
        self.append(f" {text} ", style)
        self._is_soft = True

    def break_line(self) -> None:
        """End the line, if it has text."""
        if self._text and not self._text.endswith(LINE_BREAK):
            self._text += LINE_BREAK
        self._has_space = False

    def join(self, *, drops_space: bool = False) -> None:
        """Let the next text follow without a space; `drops_space`: also if it begins with one and a small letter."""
        self._has_space, self._drops_space = False, drops_space

    def mark(self) -> Mark:
        """The place of the next character."""
        return Mark(len(self._text), self._has_space)

    def since(self, mark: Mark) -> str:
        """The text from a mark on, stripped."""
        return self._text[mark.position :].strip()

    def has_break(self, mark: Mark) -> bool:
        """Whether the text from a mark on has several lines."""
        return LINE_BREAK in self._text[mark.position :].strip(LINE_BREAK)

    def cut(self, mark: Mark) -> str:
        """Remove the text from a mark on, with its annotations. Returns it, stripped."""
        cut = self.since(mark)
        self._text, self._has_space = self._text[: mark.position], mark.has_space
        self._styles = [each for each in self._styles if each[0] < mark.position]
        self._spoken_forms = [form for form in self._spoken_forms if form.end <= mark.position]
        return cut

    def annotate(self, form: SpokenForm) -> None:
        """Give some of the text a spoken form; the space before it is none of it."""
        start = form.start + (self._text[form.start : form.start + 1] in (" ", LINE_BREAK))
        if start < form.end:
            self._spoken_forms.append(replace(form, start=start))

    def extend_form(self, value: str) -> None:
        """Add to the last spoken form, if it reaches to the end of the text."""
        if self._spoken_forms and self._spoken_forms[-1].end == len(self._text):
            form = self._spoken_forms.pop()
            self._spoken_forms.append(replace(form, value=form.value + value))

    def take_parts(self) -> list[AnnotatedText]:
        """Take all but the last part of a text that is longer than a block; the text goes on with that part."""
        *whole, last = split_annotated(AnnotatedText(self._text, tuple(self._styles), tuple(self._spoken_forms)))
        end = LINE_BREAK if self._text.endswith(LINE_BREAK) else ""
        self._text, self._styles, self._spoken_forms = last.text + end, list(last.styles), list(last.spoken_forms)
        return whole

    def take(self) -> AnnotatedText:
        """The text, which begins anew."""
        taken = AnnotatedText(self._text, tuple(self._styles), tuple(self._spoken_forms)).strip()
        self._text, self._styles, self._spoken_forms = "", [], []
        self._has_space = self._drops_space = False
        return taken
