"""Finds where a paragraph of a plain text begins without an empty line before it: at an indent, a heading, a long line.

Knows lines; nothing of blocks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import chapter_titles

#: A wider line was not wrapped: it is a whole paragraph.
_WRAP_COLUMNS = 100
#: A line that is running text, in a text whose paragraphs are indented.
_RUNNING_COLUMNS = 50
#: "[1] The note.", which follows the text that refers to it.
NOTE_TEXT = re.compile(r"\[([1-9]\d{0,3}|[*†‡§A-Z])\]\s+\S")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'“”’»)\]」』]*\s*$|[」』]\s*$")
#: The indent of paragraphs in East Asian texts, and what begins a paragraph without one: a speech.
_IDEOGRAPHIC_SPACE = "\u3000"
_SPEECH = ("「", "『", "“")


class ParagraphStarts:
    """What one text has shown of the way in which its paragraphs begin."""

    def __init__(self) -> None:
        #: The indent of the first lines of paragraphs; "" while none is known.
        self._indent = ""

    def find(self, group: Sequence[str], line: str) -> bool:
        """Whether a line begins a paragraph. `group`: the lines of the paragraph before it, one or more."""
        before = group[-1]
        if len(before) > _WRAP_COLUMNS or len(line) > _WRAP_COLUMNS:
            return True
        if NOTE_TEXT.match(line) and NOTE_TEXT.match(group[0]):
            return True
        indent = _indent_of(line)
        self._learn(group, line, indent)
        if _is_title(before) and _is_title(line):
            return False  # a table of contents
        is_ended = ends_sentence(before)
        if indent.startswith(_IDEOGRAPHIC_SPACE) and (is_ended or _is_title(before)):
            return True
        if is_ended and chapter_titles.is_sure_title(line.strip()):
            return True
        if self._indent == _IDEOGRAPHIC_SPACE:
            return is_ended and line.startswith(_SPEECH)
        return is_ended and bool(self._indent) and indent == self._indent

    def _learn(self, group: Sequence[str], line: str, indent: str) -> None:
        """A first line that is indented, and behind it running text that is not, or an indent of East Asia."""
        if (indent or group[0]).startswith(_IDEOGRAPHIC_SPACE):
            self._indent = _IDEOGRAPHIC_SPACE
        elif len(group) == 1 and not indent and len(group[0]) > _RUNNING_COLUMNS:
            self._indent = _indent_of(group[0]) or self._indent


def _indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _is_title(line: str) -> bool:
    return chapter_titles.find_title([line.strip()]) is not None


def ends_sentence(line: str) -> bool:
    """Whether a line ends with a sentence or a speech."""
    return _SENTENCE_END.search(line) is not None
