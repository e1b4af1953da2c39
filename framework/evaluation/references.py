"""What was really said in a recording, read from a file beside it: plain text, a transcript, or subtitles.

Knows the files; nothing of how a transcript is measured against them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.client.errors import BadArgument

#: Endings of truths, the one that tells most first.
ENDINGS = (".json", ".vtt", ".srt", ".txt")


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and its times in seconds, as far as they are known: of a subtitle only its edges are."""

    text: str
    start: float | None = None
    end: float | None = None


def with_truths(directory: Path) -> list[tuple[Path, Path]]:
    """The recordings of a directory that have a truth of the same name beside them, each with it, in order of name."""
    files = sorted(path for path in directory.iterdir() if path.is_file())
    truths: dict[str, Path] = {}
    for ending in reversed(ENDINGS):
        truths.update({path.stem: path for path in files if path.suffix.lower() == ending})
    return [
        (path, truths[path.stem])
        for path in files
        if path.suffix.lower() not in ENDINGS and path.suffix and path.stem in truths
    ]


def read_truth(path: Path) -> list[SpokenWord]:
    """The words of a truth. Raises BadArgument for a file that holds none of what is known."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return list(_of_json(json.loads(text)))
        if path.suffix.lower() in (".srt", ".vtt"):
            return list(_of_subtitles(text, path.suffix.lower().removeprefix(".")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadArgument(f"{path}: this is no truth that can be read ({error}).") from error
    return [SpokenWord(word) for word in text.split()]


def words_of_transcript(data: Mapping[str, Any]) -> list[SpokenWord]:
    """The words of a `transcript.json`."""
    return list(_of_json(data))


def _of_json(data: Any) -> Iterator[SpokenWord]:
    """`words` of {word, start, end}, or of {text, …} as speech marks have them; `segments` or `lines` of {text, start,
    end, words?}; or just `text`."""
    if "words" in data:
        yield from _of_words(data["words"])
    elif "segments" in data or "lines" in data:
        for segment in data.get("segments", data.get("lines")):
            if segment.get("words"):
                yield from _of_words(segment["words"])
            else:
                yield from _of_passage(segment["text"], segment.get("start"), segment.get("end"))
    else:
        yield from _of_passage(data["text"], None, None)


def _of_words(words: Iterable[Mapping[str, Any]]) -> Iterator[SpokenWord]:
    for word in words:
        text = word["text"] if "text" in word else word["word"]
        yield SpokenWord(str(text).strip(), word.get("start"), word.get("end"))


def _of_passage(text: str, start: float | None, end: float | None) -> Iterator[SpokenWord]:
    """Its first word begins with it and its last one ends with it."""
    words = text.split()
    for number, word in enumerate(words):
        yield SpokenWord(word, start if number == 0 else None, end if number == len(words) - 1 else None)


def _of_subtitles(text: str, form: str) -> Iterator[SpokenWord]:
    import pysubs2

    for cue in pysubs2.SSAFile.from_string(text, format_=form):
        yield from _of_passage(cue.plaintext, cue.start / 1000, cue.end / 1000)
