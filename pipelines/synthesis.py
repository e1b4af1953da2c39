"""Text to speech: divide a document into chunks, speak them, join them into one file with chapters and marks.

Knows pieces, pauses and sample counts; nothing of document formats, of models or of codecs.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BadInput
from .family import Samples, SpeakRequest, Speech
from .pipeline import Limits, Part, Plan, Result, Sink, Sources, Span
from .requests import SynthesisRequest
from .speech_file import SpeechFile
from .speech_part import SpeechPart, SpokenSentence, SpokenWord, read_part, write_part
from .text.chunks import Chunk, Division
from .text.document import Chapter, Document
from .text.reading import SOURCE_TYPES, open_file, open_text, source_type_of

#: Seconds of silence behind a piece, at speed 1.
PAUSES_S: Mapping[str, float] = {
    "none": 0.0,
    "sentence": 0.35,
    "paragraph": 0.7,
    "heading": 0.9,
    "break": 1.3,
    "chapter": 1.8,
}
#: Fields of a request that are the model's business alone; `support` refuses them where it has none.
MODEL_OPTIONS = ("pitch", "energy", "noise_scale", "duration_noise", "vocoder", "emotion")
#: Samples below this are silence at the edges of what a voice says (−56 dB); what is kept beside the sound, in seconds.
_FLOOR = 50
_MARGIN_S = 0.01
#: Seconds between two reports of progress.
_REPORT_EVERY_S = 0.2
#: A larger picture is left out: covers are for small screens.
_LARGEST_COVER_BYTES = 4 << 20
_LONGEST_TITLE = 200


class Synthesis:
    """The pipeline of `tts.synthesize`."""

    Request = SynthesisRequest

    def plan(self, request: SynthesisRequest, source: Path | None, sink: Sink, limits: Limits) -> Plan:
        """Chunks of about `limits.chunk_characters`, none across a chapter's border.

        Raises `BadInput` for a text without words and whatever the reader of the document raises.
        """
        document = _open(request, source, limits)
        language = request.language or document.language
        blocks = document.blocks
        if request.chapters == "none":
            blocks = (block for block in blocks if not isinstance(block, Chapter))
        division = Division(language or "en", limits.chunk_characters)
        # All chunks are made before the first is handed on: the header wants their chapters. They wait on disk.
        spool = sink.directory / "spans.jsonl"
        characters = 0
        with spool.open("w", encoding="utf-8") as file:
            for idx, chunk in enumerate(division.chunks(blocks)):
                _spool(file, idx, chunk, characters, language)
                characters += chunk.characters
                if idx % 200 == 0:
                    sink.progress(characters)
        if not characters:
            spool.unlink()
            raise BadInput("There is no text to speak: send at least one word.", field="text")
        return Plan(_header(request, document, division, language), characters, "characters", _spooled(spool))

    def work(self, request: SynthesisRequest, span: Span, sources: Sources, family: Any, sink: Sink) -> Part:
        """Every piece of the chunk, spoken, with its pause behind it."""
        started = time.monotonic()
        voice, pieces = _Assembly(request), span.data["pieces"]
        done, reported_at = 0, started

        def tick() -> None:
            nonlocal reported_at
            if time.monotonic() - reported_at >= _REPORT_EVERY_S:
                reported_at = time.monotonic()
                sink.progress(done)

        language = request.language or span.data["language"] or ""
        options = {name: value for name in MODEL_OPTIONS if (value := getattr(request, name)) is not None}
        slots = max(1, family.entry.slots)
        for first in range(0, len(pieces), slots):
            several = pieces[first : first + slots]
            requests = [
                SpeakRequest(
                    text=text,
                    voice=request.voice or "",
                    language=language,
                    speed=request.speed,
                    seed=span.idx * 65_536 + first + number,
                    options=options,
                )
                for number, (text, _) in enumerate(several)
            ]
            for (text, pause), speech in zip(several, family.speak(requests, tick), strict=True):
                voice.add(text, pause, speech)
                done += len(text)
        path = sink.directory / "part.bin"
        write_part(path, voice.part(span.data["chapter"]))
        provenance = {"model": family.entry.name, "model_revision": family.revision, "engine": family.engine}
        return Part(path, engine_s=time.monotonic() - started, provenance=provenance)

    def stitch(
        self,
        request: SynthesisRequest,
        header: Mapping[str, Any],
        spans: Iterable[Span],
        parts: Sources,
        sink: Sink,
    ) -> Result:
        """One audio file of all parts, with chapters and marks where they were asked for."""
        with SpeechFile(request, header, sink) as file:
            for number, span in enumerate(spans):
                file.add(span, read_part(parts(number)))
            duration_s = file.finish()
        summary: dict[str, Any] = {"language": header["language"]} if header.get("language") else {}
        if header.get("remarks"):
            summary["warnings"] = [{"code": "document", "detail": remark} for remark in header["remarks"]]
        return Result(duration_s, summary)


def _open(request: SynthesisRequest, source: Path | None, limits: Limits) -> Document:
    if request.text is not None:
        return open_text(request.text, limits)
    if source is None:
        raise BadInput(f"There is no text: give `text`, or upload a file ({', '.join(SOURCE_TYPES)}).", field="text")
    return open_file(source, source_type_of(request.source_type, request.source_name), limits)


def _spool(file: Any, idx: int, chunk: Chunk, start: int, language: str | None) -> None:
    pieces = [[piece.text, piece.pause] for piece in chunk.pieces]
    line = [idx, start, chunk.characters, {"chapter": chunk.chapter, "language": language, "pieces": pieces}]
    file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _spooled(path: Path) -> Iterator[Span]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            idx, start, characters, data = json.loads(line)
            yield Span(idx, start, start + characters, characters, data)
    path.unlink()


def _header(request: SynthesisRequest, document: Document, division: Division, language: str | None) -> dict[str, Any]:
    title = request.title or document.title
    chapters = [
        {"title": (name or title or "Beginning")[:_LONGEST_TITLE], "first_idx": first}
        for name, first in zip(division.chapters, division.first_chunks, strict=True)
    ]
    header: dict[str, Any] = {
        "title": title,
        "author": request.author or document.author,
        "language": language,
        "chapters": chapters if request.chapters == "auto" else [],
        "remarks": document.remarks[:20],
    }
    cover = document.cover
    if cover is not None and len(cover.data) <= _LARGEST_COVER_BYTES:
        header["cover"] = {"content_type": cover.content_type, "base64": base64.b64encode(cover.data).decode()}
    return header


class _Assembly:
    """Puts spoken pieces one behind the other, with exact pauses, and counts where everything is."""

    def __init__(self, request: SynthesisRequest) -> None:
        self._marks = request.speech_marks
        self._speed = request.speed
        self._rate_hz = 0
        self._length = 0
        self._samples: list[Samples] = []
        self._sentences: list[SpokenSentence] = []

    def add(self, text: str, pause: str, speech: Speech) -> None:
        self._rate_hz = speech.sample_rate_hz
        first, last = _sounding(speech.samples, round(_MARGIN_S * self._rate_hz))
        if self._marks and last > first:
            self._sentences.append(
                SpokenSentence(text, self._length, self._length + last - first, self._words(text, speech, first, last))
            )
        silence = np.zeros(round(PAUSES_S[pause] / self._speed * self._rate_hz), np.int16)
        for samples in (speech.samples[first:last], silence):
            self._samples.append(samples)
            self._length += len(samples)

    def part(self, chapter: int) -> SpeechPart:
        samples = np.concatenate(self._samples) if self._samples else np.zeros(0, np.int16)
        return SpeechPart(chapter, self._rate_hz, samples, tuple(self._sentences))

    def _words(self, text: str, speech: Speech, first: int, last: int) -> Sequence[SpokenWord]:
        """The engine's marks in samples of the part, within the sound that was kept."""
        words = []
        for mark in speech.marks:
            start, end = (
                self._length + min(max(round(seconds * speech.sample_rate_hz), first), last) - first
                for seconds in (mark.start_s, mark.end_s)
            )
            words.append(SpokenWord(text[mark.start_char : mark.end_char], start, max(start, end)))
        return tuple(words)


def _sounding(samples: Samples, margin: int) -> tuple[int, int]:
    """Where the sound begins and ends, a little air included; (0, 0) for silence."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _FLOOR)
    if not len(loud):
        return 0, 0
    return max(0, int(loud[0]) - margin), min(len(samples), int(loud[-1]) + 1 + margin)
