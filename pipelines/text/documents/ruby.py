"""Ruby annotations: the small text beside East Asian characters is how they are read, and so it is what is spoken."""

from __future__ import annotations

import re

from pipelines.text.style import SpokenForm

from .inline_text import InlineText

#: Letters of Japanese and Korean, which say how characters are read. Other readings – Pinyin, Bopomofo, a translation –
#: are for the eye: a voice of the language reads the characters better.
_LETTERS = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc\uac00-\ud7a3]")


class RubyReader:
    """Collects the readings of one `<ruby>`. A reading is of the text since the last one."""

    def __init__(self) -> None:
        self.is_in_reading = False
        self._inline = InlineText()
        #: Whether it is in the brackets for programs without ruby.
        self._is_in_brackets = False
        self._start, self._depth = 0, 0
        self._reading = ""
        #: Whether the readings at this level are second ones: of characters that have some.
        self._has_readings = False
        #: Whether this `<ruby>` had a reading.
        self._is_read = False

    @property
    def is_open(self) -> bool:
        """Whether a `<ruby>` has begun and not ended."""
        return self._depth > 0

    @property
    def holds_text(self) -> bool:
        """Whether the text to come is none of the line's."""
        return self.is_in_reading or self._is_in_brackets

    def start(self, inline: InlineText) -> None:
        """A `<ruby>` begins."""
        self._depth += 1
        self._inline = inline
        self._start, self.is_in_reading, self._has_readings = inline.mark().position, False, False
        self._is_read = self._is_in_brackets = False

    def start_base(self) -> None:
        """An `<rb>` begins: a reading before it has ended, whether or not the page says so."""
        self._end_open()

    def start_brackets(self) -> None:
        """An `<rp>` begins, which lasts until anything else does."""
        self._end_open()
        self._is_in_brackets = True

    def end_brackets(self) -> None:
        """The `<rp>` ends."""
        self._is_in_brackets = False

    def start_container(self) -> None:
        """An `<rtc>` begins: the readings of all the text, or second ones."""
        self._end_open()
        self._has_readings = self._has_readings or self._is_read
        self._reading, self.is_in_reading = "", not self._has_readings

    def end_container(self, inline: InlineText) -> None:
        """The `<rtc>` ends."""
        if self.is_in_reading:
            self.end_reading(inline)
        self._has_readings = True

    def end(self) -> None:
        """A `<ruby>` ends; what follows within an outer one are second readings."""
        self._end_open()
        self._depth = max(0, self._depth - 1)
        self.is_in_reading, self._has_readings = False, self._depth > 0

    def start_reading(self) -> None:
        """An `<rt>` begins."""
        self._end_open()
        self._reading, self.is_in_reading = "", True

    def add(self, text: str) -> None:
        """Text of the reading, or of brackets around it."""
        if not self._is_in_brackets:
            self._reading += text

    def end_reading(self, inline: InlineText) -> None:
        """The `<rt>` ends: what stands before it is spoken as it says, if that is in letters."""
        self.is_in_reading = False
        base, reading = inline.text[self._start :], "".join(self._reading.split())
        start, self._start = self._start, len(inline.text)
        if self._has_readings or not _LETTERS.search(reading):
            return
        self._is_read = True
        if base:
            inline.annotate(SpokenForm(start, len(inline.text), "sub", reading))
        else:
            inline.extend_form(reading)

    def _end_open(self) -> None:
        """End what the page did not: HTML leaves out the ends of `<rt>` and `<rp>`."""
        self._is_in_brackets = False
        if self.is_in_reading and self._reading.strip():
            self.end_reading(self._inline)
        self.is_in_reading = False
