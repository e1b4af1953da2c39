"""Leaves out what Project Gutenberg puts around its texts: header, credits and licence; reads what the header says.

https://www.gutenberg.org/help/bibliographic_record.html has no format; the lines with three asterisks are in all files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .html_rules import Omission
from .reading import Reading

#: (line, whether it ends there)
Line = tuple[str, bool]

#: The project, as its books in several languages name it.
_NAME = r"(?:PROJE[CK]?TI?|PROYECTO|PROJETO|PROGETTO)\s+GUTENBERG"
#: Files from before 2001 have the "small print" at their beginning.
_START = re.compile(
    rf"\s*(?:\*{{3}}\s*(?:START|BEGINN?|ANFANG|DÉBUT|DEBUT|INICIO|INÍCIO|COMIENZO|INIZIO|ALKU)\b.{{0,30}}?\b{_NAME}|"
    r"\*END\*?\s?THE SMALL PRINT)",
    re.I,
)
_END = re.compile(
    rf"\s*(?:\*{{3}}\s*(?:END|ENDE|FIN|FINE|FIM|EINDE|LOPPU)\b.{{0,30}}?\b{_NAME}|"
    r"END OF (?:THE |THIS )?PROJECT GUTENBERG(?:['’]?S? E-?(?:BOOK|TEXT)|['’]S )|"
    rf"(?:ENDE|FIN|FINE|FIM|EINDE) (?:DIESES|DES|DU|DE|DEL|DO|VAN) (?:\w+ ){{0,3}}{_NAME})",
    re.I,
)
#: Lines within which the header ends, and within which it names its project.
_HEADER_LINES, _MENTION_LINES = 600, 20
_MENTION = "gutenberg"
_FIELD = re.compile(r"(Title|Author|Language)\s*:\s*(\S.*)")
_CREDITS = re.compile(
    r"\s*(?:(?:Produced|Transcribed|Digitized|E-?text (?:prepared|produced)|This (?:e-?text|e-?book) was \w+)"
    r"\s+(?:by|from)\b|\[?Transcribed from the|"
    r"Note: Project Gutenberg also has)",
    re.I,
)
_PAGE_TITLE = re.compile(
    r"(?:The )?Project Gutenberg'?s? E-?(?:book|text) of (?P<title>.+?)(?:,? by (?P<author>[^,]+(?:, [^,]+)?))?\.?",
    re.I,
)
_PROJECT = re.compile(r"(?<=\S)\s*[|–—-]\s*Project Gutenberg$", re.I)
#: The languages of nearly all of its books (BCP 47).
_LANGUAGES: Mapping[str, str] = {
    "english": "en",
    "french": "fr",
    "german": "de",
    "spanish": "es",
    "italian": "it",
    "portuguese": "pt",
    "dutch": "nl",
    "finnish": "fi",
    "swedish": "sv",
    "danish": "da",
    "norwegian": "nb",
    "polish": "pl",
    "czech": "cs",
    "hungarian": "hu",
    "romanian": "ro",
    "russian": "ru",
    "greek": "el",
    "latin": "la",
    "esperanto": "eo",
    "catalan": "ca",
    "chinese": "zh",
    "japanese": "ja",
    "tagalog": "tl",
    "welsh": "cy",
    "icelandic": "is",
}


@dataclass(slots=True)
class BookRecord:
    """What a header says of its book; `language` is BCP 47."""

    title: str | None = None
    author: str | None = None
    language: str | None = None


def find_language_name(name: str) -> str | None:
    """The BCP 47 tag of a language by its English name; None for one that is not known."""
    return _LANGUAGES.get(name.lower())


def is_header_end(text: str) -> bool:
    """Whether the text of the book follows this line."""
    return _START.match(text) is not None


def is_licence_start(text: str) -> bool:
    """Whether the licence follows this line."""
    return _END.match(text) is not None


def is_credits(text: str) -> bool:
    """Whether a paragraph behind the header says who made the file."""
    return _CREDITS.match(text) is not None


def read_page_title(title: str) -> BookRecord:
    """The title and the authors in the title of a page: "The Project Gutenberg eBook of The Raft, by A. B. Smith"."""
    if (found := _PAGE_TITLE.fullmatch(title)) is not None:
        return BookRecord(found.group("title"), found.group("author"))
    return BookRecord(_PROJECT.sub("", title))


def read_record(text: str) -> BookRecord:
    """The title, authors and language in the header of a text, given its first characters."""
    lines = text.splitlines()[:_HEADER_LINES]
    end = next((number for number, line in enumerate(lines) if _START.match(line)), None)
    if end is None or not any(_MENTION in line.lower() for line in lines[:end]):
        return BookRecord()
    found: dict[str, list[str]] = {}
    name = ""
    for line in lines[:end]:
        if field := _FIELD.match(line):
            name = field.group(1)
            found[name] = [field.group(2).strip()]
        elif name and line[:1].isspace() and line.strip():
            found[name].append(line.strip())
        else:
            name = ""
    language = found.get("Language", [""])[0].split(",")[0].strip().lower()
    return BookRecord(
        " ".join(found.get("Title", [])) or None,
        ", ".join(found.get("Author", [])) or None,
        find_language_name(language),
    )


def skip_boilerplate(lines: Iterable[Line], reading: Reading) -> Iterator[Line]:
    """The lines between the header and the licence, of a text that has them; of any other text all lines."""
    lines = iter(lines)
    held: list[Line] = []
    mentions = False
    for number, line in enumerate(lines):
        held.append(line)
        mentions = mentions or _MENTION in line[0].lower()
        if mentions and _START.match(line[0]):
            reading.omissions[Omission.BOILERPLATE] += 1
            held = list(_skip_credits(lines))
            break
        if _END.match(line[0]) or number >= _HEADER_LINES or (number > _MENTION_LINES and not mentions):
            break
    for line in held:
        if _END.match(line[0]):
            reading.omissions[Omission.BOILERPLATE] += 1
            return
        yield line
    for line in lines:
        if _END.match(line[0]):
            reading.omissions[Omission.BOILERPLATE] += 1
            return
        yield line


def _skip_credits(lines: Iterator[Line]) -> Iterator[Line]:
    """The first line of the text, without a paragraph before it that says who made the file."""
    is_credits = False
    for line in lines:
        if not line[0].strip():
            is_credits = False
        elif is_credits or _CREDITS.match(line[0]):
            is_credits = True
        else:
            yield line
            return
