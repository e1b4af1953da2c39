"""Reference transcripts: what was said in a recording, read from a file beside it: text, JSON, or subtitles.

Knows the file formats; nothing of how a transcript is compared with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.client.errors import BadArgument

#: Suffixes of references, the most informative format first.
SUFFIXES = (".json", ".vtt", ".srt", ".txt")


@dataclass(frozen=True, slots=True)
class ReferenceWord:
    """A word and its times in seconds, where they are known: of a subtitle only the first start and the last end."""

    text: str
    start: float | None = None
    end: float | None = None


def find_recordings(directory: Path) -> list[tuple[Path, Path]]:
    """The recordings of a directory that have a reference of the same name beside them: (recording, reference).

    Sorted by name. Of several references of one name, the one whose suffix is first in SUFFIXES.
    """
    files = sorted(path for path in directory.iterdir() if path.is_file())
    references: dict[str, Path] = {}
    for suffix in reversed(SUFFIXES):
        references.update({path.stem: path for path in files if path.suffix.lower() == suffix})
    return [
        (path, references[path.stem])
        for path in files
        if path.suffix.lower() not in SUFFIXES and path.suffix and path.stem in references
    ]


def read_reference(path: Path) -> list[ReferenceWord]:
    """The words of a reference file. Raises BadArgument for a file of another format."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return list(_parse_json(json.loads(text)))
        if path.suffix.lower() in (".srt", ".vtt"):
            return list(_parse_subtitles(text, path.suffix.lower().removeprefix(".")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadArgument(f"{path}: this is not a readable reference transcript ({error}).") from error
    return [ReferenceWord(word) for word in text.split()]


def parse_transcript(data: Mapping[str, Any]) -> list[ReferenceWord]:
    """The words of a `transcript.json`."""
    return list(_parse_json(data))


def _parse_json(data: Any) -> Iterator[ReferenceWord]:
    """`words` of {word, start, end}, or of {text, …} as in marks.json; `segments` or `lines` of {text, start, end,
    words?}; or just `text`."""
    if "words" in data:
        yield from _parse_words(data["words"])
    elif "segments" in data or "lines" in data:
        for segment in data.get("segments", data.get("lines")):
            if segment.get("words"):
                yield from _parse_words(segment["words"])
            else:
                yield from _split_passage(segment["text"], segment.get("start"), segment.get("end"))
    else:
        yield from _split_passage(data["text"], None, None)


def _parse_words(words: Iterable[Mapping[str, Any]]) -> Iterator[ReferenceWord]:
    for word in words:
        text = word["text"] if "text" in word else word["word"]
        yield ReferenceWord(str(text).strip(), word.get("start"), word.get("end"))


def _split_passage(text: str, start: float | None, end: float | None) -> Iterator[ReferenceWord]:
    """The first word starts with the passage and the last one ends with it; other times are unknown."""
    words = text.split()
    for number, word in enumerate(words):
        yield ReferenceWord(word, start if number == 0 else None, end if number == len(words) - 1 else None)


def _parse_subtitles(text: str, file_format: str) -> Iterator[ReferenceWord]:
    import pysubs2

    for cue in pysubs2.SSAFile.from_string(text, format_=file_format):
        yield from _split_passage(cue.plaintext, cue.start / 1000, cue.end / 1000)
