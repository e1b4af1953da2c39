"""Speech marks: times of sentences, words and chapters in marks.json, captions.vtt and chapters.json.

Written part by part, so that memory does not grow with the book. Knows parts and times; nothing of audio files.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from pipelines.pipeline import Sink
from pipelines.subtitles.timed_segment import TimedSegment, TimedWord
from pipelines.subtitles.webvtt import WEBVTT
from pipelines.subtitles.writer import SubtitleWriter
from pipelines.tts.part_file import SpeechPart, SpokenSentence


class MarkWriter:
    """Writes the marks of one job to files under `directory`. Use as a context manager."""

    def __init__(self, directory: Path, *, names_models: bool = False) -> None:
        """`names_models`: add to every sentence the model that spoke it."""
        self._directory = directory
        self._names_models = names_models
        self._stack = ExitStack()
        self._sentences = _JsonList(self._open("marks-sentences"))
        self._words = _JsonList(self._open("marks-words"))
        self._named = _JsonList(self._open("marks-named"))
        self._captions = SubtitleWriter(directory / "captions.vtt", WEBVTT)
        self._stack.callback(self._captions.close)

    def __enter__(self) -> MarkWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, part: SpeechPart, offset: int, chapter: int, *, first_sentence: int = 0) -> None:
        """Write the marks of a part whose first sample is `offset` of the file, and first sentence that of the job."""
        for sentence in part.audible:
            timed = _to_timed_segment(part, sentence, offset)
            place = {"start": timed.start, "end": timed.end, "chapter": chapter}
            number = first_sentence + sentence.segment_index
            by = {"model": sentence.model} if self._names_models else {}
            self._sentences.add({"sentence": number, "text": timed.text, **place, **by})
            for word in timed.words:
                self._words.add({"text": word.text, "start": word.start, "end": word.end, "chapter": chapter})
            self._captions.add(timed)
        for name, sample in part.source_marks:
            self._named.add({"name": name, "time": _seconds(part, offset + sample), "chapter": chapter})

    def finish(self, chapters: Sequence[dict[str, Any]], sound_end_s: float, sink: Sink) -> None:
        """Put the three files into the sink. `chapters` are {"title", "start", "end"}; all times in seconds."""
        # The last caption ends with the sound at the latest.
        captions = self._captions.finish(sound_end_s)
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
        sink.put("captions.vtt", captions, content_type=WEBVTT.content_type)
        sink.put("chapters.json", listed, content_type="application/json")

    def _open(self, name: str) -> IO[str]:
        return self._stack.enter_context((self._directory / name).open("w", encoding="utf-8"))

    def _append(self, file: IO[str], name: str) -> None:
        path = self._directory / name
        with path.open(encoding="utf-8") as source:
            shutil.copyfileobj(source, file, 1 << 20)
        path.unlink()


class _JsonList:
    """Items of a JSON array, without its brackets."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._comma = ""

    def add(self, item: dict[str, Any]) -> None:
        self._file.write(self._comma + json.dumps(item, ensure_ascii=False, separators=(",", ":")))
        self._comma = ",\n"


def _to_timed_segment(part: SpeechPart, sentence: SpokenSentence, offset: int) -> TimedSegment:
    """The sentence in seconds of the whole file."""

    def at(sample: int) -> float:
        return _seconds(part, offset + sample)

    words = tuple(TimedWord(word.text, at(word.start), at(word.end)) for word in sentence.words)
    return TimedSegment(sentence.text, at(sentence.start), at(sentence.end), words)


def _seconds(part: SpeechPart, sample: int) -> float:
    return round(sample / part.sample_rate_hz, 6)
