"""Where each sentence, word and chapter of a spoken file is: marks.json, captions.vtt, chapters.json.

Written as the parts come, so that memory does not grow with the book. Knows parts and times; nothing of audio files.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from pipelines.pipeline import Sink
from pipelines.subtitles.cues import Cue, CueStream
from pipelines.subtitles.formats import VTT_HEADER, vtt
from pipelines.tts.part_file import SpeechPart


class MarkWriter:
    """Collects the marks of one job in files under `directory`. Use as a context manager."""

    def __init__(self, directory: Path, *, names_models: bool = False) -> None:
        """`names_models`: say of every sentence which model spoke it."""
        self._directory = directory
        self._names_models = names_models
        self._stack = ExitStack()
        self._sentences = _JsonList(self._open("marks-sentences"))
        self._words = _JsonList(self._open("marks-words"))
        self._named = _JsonList(self._open("marks-named"))
        self._captions = self._open("captions.vtt")
        self._captions.write(VTT_HEADER)
        self._cues = CueStream()

    def __enter__(self) -> MarkWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, part: SpeechPart, offset: int, chapter: int, *, first_sentence: int = 0) -> None:
        """The marks of a part that begins at sample `offset` of the file, and with that sentence of the job."""
        for sentence in _sentences(part, offset):
            place = {"start": sentence["start"], "end": sentence["end"], "chapter": chapter}
            number = first_sentence + sentence["piece"]
            by = {"model": sentence["model"]} if self._names_models else {}
            self._sentences.add({"sentence": number, "text": sentence["text"], **place, **by})
            for word in sentence["words"]:
                self._words.add({"text": word["word"], "start": word["start"], "end": word["end"], "chapter": chapter})
            self._write_cues(self._cues.push(sentence))
        for name, sample in part.named:
            self._named.add({"name": name, "time": _seconds(part, offset + sample), "chapter": chapter})

    def finish(self, chapters: Sequence[dict[str, Any]], sound_end_s: float, sink: Sink) -> None:
        """Hand all three files over. `chapters` are {"title", "start", "end"}; all times in seconds."""
        # The last caption may not outlive the sound.
        self._write_cues(replace(cue, end=min(cue.end, sound_end_s)) for cue in self._cues.finish())
        self._stack.close()
        marks = self._directory / "marks.json"
        with marks.open("w", encoding="utf-8") as file:
            file.write('{"sentences":[')
            self._append(file, "marks-sentences")
            file.write('],"words":[')
            self._append(file, "marks-words")
            file.write('],"marks":[')
            self._append(file, "marks-named")
            file.write("]}\n")
        listed = self._directory / "chapters.json"
        listed.write_text(json.dumps({"chapters": list(chapters)}, ensure_ascii=False) + "\n", encoding="utf-8")
        sink.put("marks.json", marks, content_type="application/json")
        sink.put("captions.vtt", self._directory / "captions.vtt", content_type="text/vtt; charset=utf-8")
        sink.put("chapters.json", listed, content_type="application/json")

    def _open(self, name: str) -> IO[str]:
        return self._stack.enter_context((self._directory / name).open("w", encoding="utf-8"))

    def _append(self, file: IO[str], name: str) -> None:
        path = self._directory / name
        with path.open(encoding="utf-8") as source:
            shutil.copyfileobj(source, file, 1 << 20)
        path.unlink()

    def _write_cues(self, cues: Iterable[Cue]) -> None:
        for cue in cues:
            self._captions.write(vtt(cue))


class _JsonList:
    """Items of a JSON array, without its brackets."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._comma = ""

    def add(self, item: dict[str, Any]) -> None:
        self._file.write(self._comma + json.dumps(item, ensure_ascii=False, separators=(",", ":")))
        self._comma = ",\n"


def _sentences(part: SpeechPart, offset: int) -> Iterator[dict[str, Any]]:
    """Sentences as the segments that subtitles are made of, seconds of the whole file."""

    def at(sample: int) -> float:
        return _seconds(part, offset + sample)

    for sentence in part.audible:
        words = [{"word": word.text, "start": at(word.start), "end": at(word.end)} for word in sentence.words]
        start, end = at(sentence.start), at(sentence.end)
        own = {"piece": sentence.piece, "model": sentence.model}
        yield {"text": sentence.text, "start": start, "end": end, "words": words, **own}


def _seconds(part: SpeechPart, sample: int) -> float:
    return round(sample / part.sample_rate_hz, 6)
