"""Reads what programs beyond CommonMark write into the text of Markdown: footnotes, marks, attributes, formulas.

The syntax is that of Pandoc's manual and of GitHub's and Obsidian's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .html_rules import Omission
from .reading import Reading
from .superscript import read_superscript

_NOTE = re.compile(r"\[\^([^\]\s]{1,100})\]")
_INLINE_NOTE = re.compile(r"\^\[((?:[^\[\]]|\[[^\[\]]{0,200}\]){1,2000})\]")
_TASK = re.compile(r"^\[[ xX/>-]\]\s+")
_CALLOUT = re.compile(r"^\[!\w{1,30}\][+-]?\s*")
_ATTRIBUTE = r"(?:[#.][\w:.-]+|[\w:-]+=(?:\"[^\"{}]*\"|[^\s{}\"]+)|-)"
_ATTRIBUTES = re.compile(rf"\{{:?\s*{_ATTRIBUTE}(?:\s+{_ATTRIBUTE})*\s*\}}")
#: "## Two ## {#two}": the end of a heading's mark.
_CLOSING_MARK = re.compile(rf"[ \t]+#+[ \t]*(?={_ATTRIBUTES.pattern}\s*$)")
_SPAN = re.compile(rf"\[([^\[\]]{{1,2000}})\](?={_ATTRIBUTES.pattern})")
_WIKI_LINK = re.compile(r"(!?)\[\[([^\[\]|]{1,200})(?:\|([^\[\]]{1,200}))?\]\]")
#: Of Hugo, Jekyll and Liquid; comments and addresses of blocks of Obsidian; citations of Pandoc.
_SHORTCODE = re.compile(r"\{\{.{0,500}?\}\}|\{%.{0,500}?%\}")
_COMMENT = re.compile(r"%%.{0,2000}?%%", re.S)
_BLOCK_ADDRESS = re.compile(r"(?<=\s)\^[\w-]{3,40}$")
_CITATION = re.compile(r"\s*\[(?:[^\[\]@]{0,200}(?<=[\s\[;-]))?-?@[\w][^\[\]\s,;]{0,100}[^\[\]]{0,400}\]")
#: Commands of TeX around text.
_TEX_PLACE = re.compile(
    r"\\(?:begin|end)\{\w{1,30}\*?\}(?:\[[^\]]{0,100}\])?|\\(?:newpage|clearpage|noindent|pagebreak)\b"
)
_TEX_TEXT = re.compile(r"\\(?:text\w{2}|emph|underline|mbox)\{([^{}]{0,2000})\}")
_TEX_FORMULA = re.compile(r"\\\((.{1,500}?)\\\)|\\\[(.{1,500}?)\\\]", re.S)
_MARKED = re.compile(r"(==|\+\+)(?=\S)([^=+\n]{1,2000}?)(?<=\S)\1")
_FORMULA = re.compile(
    r"(?<![\\$\w])(?:\$\$\s*([^$]{1,2000}?)\s*\$\$|\$(?=[^\s$])([^$\n]{1,200}?)(?<=[^\s\\])\$)(?![\w$])"
)
_FORMULA_RAISED = re.compile(r"\^\{?([+-]?\d+|n)\}?")
_FORMULA_LOWERED = re.compile(r"_(?:\{(\w+)\}|(\w))")
_RAISED = re.compile(r"(?<=\S)\^([^\s^]{1,12})\^|(?<=[\w)])\^(\d{1,3}|n)\b")
_LOWERED = re.compile(r"(?<=\w)~([^\s~]{1,12})~")
_DIGITS = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")


def strip_attributes(text: str) -> str:
    """The text without attributes: "Two {#two .unnumbered}", "Two ## {#two}"."""
    return _ATTRIBUTES.sub("", _CLOSING_MARK.sub("", text)).rstrip() if "{" in text else text


def strip_task(text: str) -> str:
    """The text of a list's item without its box: "[x] done"."""
    return _TASK.sub("", text)


def read_extensions(text: str, notes: Mapping[str, str], reading: Reading) -> str:
    """The inline text as it is read; what is left out is counted."""

    def read_note(found: re.Match[str]) -> str:
        note = notes.get(found.group(1)) if found.re is _NOTE else found.group(1)
        is_new = found.re is _INLINE_NOTE or found.group(1) not in reading.note_addresses
        if reading.options.notes == "inline" and note and is_new:
            # Once, however often it is referred to.
            reading.note_addresses.add(found.group(1))
            return f" ({note})"
        if reading.options.notes == "end" and note:
            if is_new:
                reading.note_addresses.add(found.group(1))
                reading.pending_notes.append(note)
            return ""
        reading.omissions[Omission.NOTE_REFERENCE] += 1
        return ""

    text = _INLINE_NOTE.sub(read_note, _NOTE.sub(read_note, text)) if "[^" in text or "^[" in text else text
    text = _read_programs(_CALLOUT.sub("", text), reading)
    text = _WIKI_LINK.sub(lambda found: "" if found.group(1) else found.group(3) or _read_address(found.group(2)), text)
    text = strip_attributes(_SPAN.sub(r"\1", text)) if "{" in text else text
    text = _MARKED.sub(r"\2", text)
    text = _FORMULA.sub(lambda found: _read_formula(found.group(1) or found.group(2), reading), text)
    text = _RAISED.sub(lambda found: _raise(found, text), text)
    return _LOWERED.sub(r"\1", text)


def _read_programs(text: str, reading: Reading) -> str:
    """The text without what is for the programs that make pages of it."""
    if "{{" in text or "{%" in text:
        text = _SHORTCODE.sub("", text)
    if "%%" in text:
        text = _COMMENT.sub("", text)
    if "@" in text:
        text, count = _CITATION.subn("", text)
        reading.omissions[Omission.NOTE_REFERENCE] += count
    if "\\" in text:
        text = _TEX_TEXT.sub(r"\1", _TEX_PLACE.sub("", text))
        text = _TEX_FORMULA.sub(lambda found: _read_formula(found.group(1) or found.group(2), reading), text)
    return _BLOCK_ADDRESS.sub("", text)


def _read_address(address: str) -> str:
    """The name of a page, and of the heading in it."""
    return " ".join(address.replace("#", " ").split())


def _read_formula(formula: str, reading: Reading) -> str:
    """A formula without commands as it stands; one with commands of TeX is left out."""
    if "\\" in formula:
        reading.omissions[Omission.FORMULA] += 1
        return ""
    raised = _FORMULA_RAISED.sub(lambda found: found.group(1).translate(_DIGITS), formula)
    return _FORMULA_LOWERED.sub(lambda found: found.group(1) or found.group(2), raised)


def _raise(found: re.Match[str], text: str) -> str:
    content = found.group(1) or found.group(2)
    return read_superscript(content, text[: found.start()], is_linked=False) or ""
