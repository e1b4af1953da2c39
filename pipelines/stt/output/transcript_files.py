"""A stream of segments as transcript files: JSON, plain text, SubRip, WebVTT, tab-separated values, Word.

Writes as the segments come: memory does not grow with the recording (a Word document is the one exception). Knows
formats; nothing of chunks or models.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Protocol

from pipelines.pipeline import Sink
from pipelines.requests import TranscriptionRequest
from pipelines.subtitles.cues import Cue, CueStream, CueStyle
from pipelines.subtitles.formats import VTT_HEADER, srt, vtt
from pipelines.transcript.part_file import Segment

from .docx_file import DocxFile

CONTENT_TYPES = {
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
#: Segments between two reports of progress.
_REPORT_EVERY = 50


class _Writer(Protocol):
    def add(self, segment: Segment) -> None: ...

    def finish(self, summary: dict[str, Any]) -> Path: ...


def write_transcript(
    request: TranscriptionRequest, segments: Iterable[Segment], duration_s: float, sink: Sink
) -> dict[str, Any]:
    """Write `transcript.<format>` for each format of the request; returns language, its confidence and the mean
    confidence of the words (of the segments where there are no words)."""
    tally = _Tally()
    with ExitStack() as stack:
        writers = {name: _writer(name, request, sink.directory, stack) for name in dict.fromkeys(request.formats)}
        for number, segment in enumerate(segments):
            tally.add(segment)
            for writer in writers.values():
                writer.add({"id": number, **segment})
            if number % _REPORT_EVERY == 0:
                sink.progress(segment["end"], duration_s)
        summary = tally.summary(request) | {"duration_s": duration_s}
        paths = {name: writer.finish(summary) for name, writer in writers.items()}
    for name, path in paths.items():
        sink.put(f"transcript.{name}", path, content_type=CONTENT_TYPES[name])
    return {name: value for name, value in summary.items() if name != "duration_s"}


class _Tally:
    """Sums over all segments."""

    def __init__(self) -> None:
        self._language_s: defaultdict[str, float] = defaultdict(float)
        self._sure_s: defaultdict[str, float] = defaultdict(float)
        self._confidence = 0.0
        self._weight = 0

    def add(self, segment: Segment) -> None:
        language = segment.get("language")
        if language:
            seconds = segment["end"] - segment["start"]
            self._language_s[language] += seconds
            self._sure_s[language] += seconds * (segment.get("language_confidence") or 0.0)
        scores = [word["confidence"] for word in segment["words"]] or [segment["confidence"]]
        self._confidence += sum(scores)
        self._weight += len(scores)

    def summary(self, request: TranscriptionRequest) -> dict[str, Any]:
        named = None if request.language == "auto" else request.language
        language = max(self._language_s, key=lambda name: self._language_s[name], default=named)
        seconds = self._language_s.get(language or "", 0.0)
        sure = self._sure_s.get(language or "", 0.0)
        return {
            "language": language,
            "language_confidence": round(sure / seconds, 4) if seconds and sure else None,
            "avg_confidence": round(self._confidence / self._weight, 4) if self._weight else None,
        }


class _JsonWriter:
    """`{text, language, …, segments}`; text and segments grow in files of their own until the end."""

    def __init__(self, path: Path, fields: Sequence[str], stack: ExitStack) -> None:
        """`fields`: those of a segment; none = no segments."""
        self._path = path
        self._fields = fields
        self._text_path, self._segments_path = path.with_suffix(".text"), path.with_suffix(".segments")
        self._text = stack.enter_context(self._text_path.open("w", encoding="utf-8"))
        self._segments = stack.enter_context(self._segments_path.open("w", encoding="utf-8"))
        self._is_first = True

    def add(self, segment: Segment) -> None:
        between = "" if self._is_first else " "
        self._text.write(json.dumps(between + segment["text"], ensure_ascii=False)[1:-1])
        if shown := {name: segment[name] for name in self._fields if name in segment}:
            self._segments.write(("" if self._is_first else ",\n") + json.dumps(shown, ensure_ascii=False))
        self._is_first = False

    def finish(self, summary: dict[str, Any]) -> Path:
        self._text.close()
        self._segments.close()
        with self._path.open("w", encoding="utf-8") as out:
            out.write('{"text": "')
            _pour(self._text_path, out)
            out.write('"')
            for name in ("language", "language_confidence", "duration_s", "avg_confidence"):
                out.write(f', "{name}": {json.dumps(summary[name])}')
            out.write(', "segments": [')
            _pour(self._segments_path, out)
            out.write("]}\n")
        return self._path


class _LineWriter:
    """A file that grows by one line for each segment."""

    def __init__(self, path: Path, header: str, line: Callable[[Segment], str], stack: ExitStack) -> None:
        self._path = path
        self._line = line
        self._file = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
        self._file.write(header)

    def add(self, segment: Segment) -> None:
        self._file.write(self._line(segment) + "\n")

    def finish(self, summary: dict[str, Any]) -> Path:
        self._file.close()
        return self._path


class _CueWriter:
    """A file of subtitles."""

    def __init__(
        self, path: Path, header: str, form: Callable[[int, Cue], str], style: CueStyle, stack: ExitStack
    ) -> None:
        self._path = path
        self._form = form
        self._cues = CueStream(style)
        self._number = 0
        self._file = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
        self._file.write(header)

    def add(self, segment: Segment) -> None:
        self._write(self._cues.push(segment))

    def finish(self, summary: dict[str, Any]) -> Path:
        self._write(self._cues.finish())
        self._file.close()
        return self._path

    def _write(self, cues: Iterable[Cue]) -> None:
        for cue in cues:
            self._number += 1
            self._file.write(self._form(self._number, cue))


def _writer(name: str, request: TranscriptionRequest, directory: Path, stack: ExitStack) -> _Writer:
    path = directory / f"transcript.{name}"
    if name == "json":
        return _JsonWriter(path, _fields(request), stack)
    if name == "srt":
        return _CueWriter(path, "", srt, _style(request, named=True), stack)
    if name == "vtt":
        return _CueWriter(path, VTT_HEADER, lambda _, cue: vtt(cue), _style(request, named=False), stack)
    if name == "docx":
        return DocxFile(path, title=request.source_name or "Transcript", timed=request.timestamps != "none")
    if name == "tsv":
        header = "start\tend\ttext\tspeaker\n" if _knows_speakers(request) else "start\tend\ttext\n"
        return _LineWriter(path, header, _row, stack)
    return _LineWriter(path, "", _paragraph, stack)


def _fields(request: TranscriptionRequest) -> Sequence[str]:
    """Of a segment in JSON. Who speaks stands nowhere else: those segments are there without times too."""
    times = () if request.timestamps == "none" else ("start", "end")
    if not times and not _knows_speakers(request):
        return ()
    words = ("words",) if request.timestamps == "word" else ()
    return ("id", *times, "text", "confidence", "speaker", "model", *words)


def _style(request: TranscriptionRequest, *, named: bool) -> CueStyle:
    """`named`: the format has no other place for a speaker than the text."""
    return CueStyle(
        request.max_line_length, request.max_lines, request.max_chars_per_second, request.speakers_in_subtitles, named
    )


def _knows_speakers(request: TranscriptionRequest) -> bool:
    return request.diarize or request.channels == "split"


def _paragraph(segment: Segment) -> str:
    return f"{segment['speaker']}: {segment['text']}" if segment.get("speaker") else segment["text"]


def _row(segment: Segment) -> str:
    """Milliseconds, as the tables of openai-whisper have them; the speaker behind them where speakers were asked for,
    empty where nobody knows who it was."""
    row = [str(round(segment["start"] * 1000)), str(round(segment["end"] * 1000)), " ".join(segment["text"].split())]
    return "\t".join([*row, segment["speaker"] or ""] if "speaker" in segment else row)


def _pour(path: Path, out: IO[str]) -> None:
    with path.open(encoding="utf-8") as file:
        shutil.copyfileobj(file, out)
    path.unlink()
