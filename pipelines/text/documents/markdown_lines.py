"""The lines of a Markdown text that are text: without front matter, footnotes, and lines for programs.

Front matter is that of Jekyll (YAML), Hugo (TOML, JSON); footnotes, fenced divisions and definition lists are those of
Pandoc's manual.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from pipelines.text.document import clean_text

#: The start of a code block, and of the line that ends it.
FENCE = re.compile(r" {0,3}(```+|~~~+)")
#: The fences of front matter, and the ends that each may have.
_FRONT_MATTER = {"---": ("---", "..."), "+++": ("+++",), "{": ("}",)}
_MOST_FRONT_MATTER = 200
_ENTRY = re.compile(r"[\"']?([\w.-]+)[\"']?\s*[:=](?:\s+|(?<==)|$)(.*)")
_KNOWN_KEYS = frozenset(["title", "author", "authors", "lang", "language"])
#: The value is in the lines that follow.
_FOLDED = (">", "|", ">-", "|-")
_COMMENT = re.compile(r"\s+#\s.*$")
_ITEM = re.compile(r"\s*-\s+(?:name\s*:\s*)?(.+)")
_FOOTNOTE = re.compile(r" {0,3}\[\^([^\]]{1,100})\]:[ \t]*(.*)$")
_MAX_NOTE_CHARACTERS = 10_000
_DEFINITION = re.compile(r" {0,3}:[ \t]+(?=\S)")
_ADMONITION = re.compile(r"(?:!!!|\?\?\?\+?|===)\s+(?:[\w-]+(?:\s+[\w-]+)*\s*)?(?:\"([^\"]*)\")?\s*")
_INDENT = " " * 4
#: The lines of Pandoc's tables.
_RULE = re.compile(r"\s*(?:\+(?:[-=:]+\+)+|-{2,}(?:\s+-{2,})+)\s*")
#: Lines for programs: divisions, attributes of a block, a place for a table of contents, abbreviations, comments.
_FOR_PROGRAMS = re.compile(
    r"\s{0,3}(?::{3,}.*|\{:?\s*[#.:\w-][^{}]*\}|\[\[?_?TOC_?\]?\]|\*\[[^\]]{1,60}\]:.*|%%.*%%|\{%.*%\}|\\(?:newpage|pagebreak)|"
    r"\[//\]:\s*#.*)\s*",
    re.I,
)


def read_lines(
    lines: Iterable[str], meta: dict[str, str], notes: dict[str, str] | None = None
) -> Iterator[tuple[str, bool]]:
    """(line, whether it is in a code block or a fence of one); front matter goes to `meta`, footnotes to `notes`."""
    fenced = _find_fences(_read_front_matter(iter(lines), meta))
    return _read_blocks(_read_admonitions(_read_notes(fenced, {} if notes is None else notes)))


def _find_fences(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    fence = ""
    for line in lines:
        found = FENCE.match(line)
        if fence:
            closes = found is not None and found.group(1).startswith(fence) and line.strip() == found.group(1)
            yield line, True
            fence = "" if closes else fence
        else:
            fence = found.group(1) if found else ""
            yield line, bool(fence)


def _read_front_matter(lines: Iterator[str], meta: dict[str, str]) -> Iterator[str]:
    """The lines behind the front matter; all of them where there is none, as behind a rule in the first line."""
    first = next(lines, "")
    ends = _FRONT_MATTER.get(first.rstrip(), ())
    held = [first]
    if ends:
        for line in itertools.islice(lines, _MOST_FRONT_MATTER):
            held.append(line)
            if line.rstrip() in ends:
                break
        entries = held[1:-1]
        if held[-1].rstrip() in ends and len(held) > 1 and _is_front_matter(entries):
            _read_entries(entries, meta)
            held = []
    yield from held
    yield from lines


def _is_front_matter(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip() and line.lstrip()[0] != "#"), None)
    return first is None or _ENTRY.match(first.strip()) is not None or first.startswith("[")


def _read_entries(lines: list[str], meta: dict[str, str]) -> None:
    """The title, authors and language, of the topmost level alone."""
    listed: list[str] | None = None
    key, is_folded = "", False
    for line in lines:
        if line.startswith("["):
            return  # a table of TOML
        found = _ENTRY.match(line.lstrip() if lines[0].lstrip().startswith('"') else line)
        if found and found.group(1).lower() in _KNOWN_KEYS:
            key = found.group(1).lower()
            listed = _read_values(found.group(2))
            is_folded = found.group(2).strip() in _FOLDED
        elif found:
            listed = None
        elif listed is not None and is_folded and line[:1].isspace():
            listed = [" ".join([*listed, line.strip()])]
        elif listed is not None and (item := _ITEM.match(line)):
            listed += _read_values(item.group(1))
        else:
            continue
        if listed:
            meta.setdefault(key, "")
            meta[key] = clean_text(", ".join(listed))


def _read_values(text: str) -> list[str]:
    text = text.strip().rstrip(",") if text.strip()[:1] in "\"'[" else _COMMENT.sub("", text).strip()
    if text.startswith("["):
        return [value for part in text.strip("[]").split(",") if (value := part.strip().strip("\"'"))]
    if text[:1] in ('"', "'"):
        quoted = re.match(r"([\"'])(.*?)(?<!\\)\1", text)
        return [quoted.group(2)] if quoted and quoted.group(2) else []
    return [text] if text not in ("", "null", *_FOLDED) else []


def _read_notes(lines: Iterable[tuple[str, bool]], notes: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """The lines without footnotes, which go on in indented lines."""
    name = ""
    held: list[tuple[str, bool]] = []
    for line, fenced in lines:
        found = None if fenced else _FOOTNOTE.match(line)
        if found:
            name, held = found.group(1), []
            notes[name] = found.group(2).strip()
        elif name and not line.strip():
            held.append((line, fenced))
        elif name and not fenced and (line[:1] in " \t" or not held):
            # Indented, or a line that goes on without that.
            notes[name] = f"{notes[name]} {line.strip()}"[:_MAX_NOTE_CHARACTERS]
            held = []
        else:
            yield from held
            name, held = "", []
            yield line, fenced
    yield from held


def _read_admonitions(lines: Iterable[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    """The lines, with those of admonitions and tabs of MkDocs as text: their title, and what is indented below it."""
    is_within = False
    for line, fenced in lines:
        if not fenced and (found := _ADMONITION.fullmatch(line)):
            is_within = True
            yield "", False
            yield found.group(1) or "", False
            yield "", False
        elif is_within and (not line.strip() or line.startswith(_INDENT)):
            yield line.removeprefix(_INDENT), fenced
        else:
            is_within = False
            yield line, fenced


def _read_blocks(lines: Iterable[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    """The lines without those for programs; each definition of a term is a paragraph."""
    before = ""
    for line, fenced in lines:
        if not fenced and (_FOR_PROGRAMS.fullmatch(line) or _RULE.fullmatch(line)):
            line = ""
        elif not fenced and before.strip() and (found := _DEFINITION.match(line)):
            yield "", False
            line = line[found.end() :]
        yield line, fenced
        before = line or before
