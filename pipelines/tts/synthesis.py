"""Text to speech: divide a document into chunks, speak them, join them into one file with chapters and marks.

Knows pieces, pauses and sample counts; nothing of document formats, of models or of codecs.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.errors import BadInput
from pipelines.pipeline import Limits, Part, Plan, Result, Sink, Sources, Span
from pipelines.reference_recordings import inputs_of, prepare, recordings
from pipelines.requests import SynthesisRequest
from pipelines.rounds import last_rounds, round_of
from pipelines.text.cast import directed
from pipelines.text.document import Chapter, Document
from pipelines.text.documents.registry import SOURCE_TYPES, open_file, open_ssml, open_text, source_type_of
from pipelines.text.splitting.chunks import Division, Piece
from pipelines.tts.output.audio_file import SpeechFile
from pipelines.tts.quality.repair import mended, said_again
from pipelines.tts.quality.report import SpeechReport
from pipelines.tts.quality.scores import faulted, graded
from pipelines.tts.verification.resynthesis import speak_again
from pipelines.tts.verification.verification import listen, listening

from .part_file import SpokenSentence, read_part, write_part
from .patches import Patches
from .renderer import AT_ONCE, Speaker, seed_of
from .renditions import Take
from .request_builder import Asking

#: Seconds between two reports of progress.
_REPORT_EVERY_S = 0.2
#: A larger picture is left out: covers are for small screens.
_LARGEST_COVER_BYTES = 4 << 20
_LONGEST_TITLE = 200
_MOST_WARNINGS = 50


class Synthesis:
    """The pipeline of `tts.synthesize`."""

    Request = SynthesisRequest

    def plan(self, request: SynthesisRequest, source: Path | None, sink: Sink, limits: Limits) -> Plan:
        """Chunks of about `limits.chunk_characters`, none across a chapter's border.

        Raises `BadInput` for a text without words and whatever the reader of the document raises.
        """
        prepare(request, sink, limits)
        document = _open(request, source, limits)
        language = request.language or document.language
        blocks = directed(document.blocks, request.cast) if request.cast else document.blocks
        if request.chapters == "none":
            blocks = (block for block in blocks if not isinstance(block, Chapter))
        division = Division(language or "en", limits.chunk_characters)
        # All chunks are made before the first is handed on: the header wants their chapters. They wait on disk.
        spool = sink.directory / "spans.jsonl"
        characters = 0
        patches = Patches(request.patches)
        with spool.open("w", encoding="utf-8") as file:
            for idx, (first, chunk) in enumerate(patches.applied(division.chunks(blocks))):
                data = {
                    "chapter": chunk.chapter,
                    "language": language,
                    "first_sentence": first,
                    "pieces": [piece.data() for piece in chunk.pieces],
                }
                line = [idx, characters, chunk.characters, data, inputs_of(chunk, request)]
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                characters += chunk.characters
                if idx % 200 == 0:
                    sink.progress(characters)
        if not characters:
            spool.unlink()
            raise BadInput("There is no text to speak: send at least one word.", field="text")
        header = _header(request, document, division, language)
        return Plan(header, characters, "characters", _spooled(spool))

    def work(self, request: SynthesisRequest, span: Span, sources: Sources, family: Any, sink: Sink) -> Part:
        """Every piece of the chunk, spoken, with its pause behind it; later rounds listen, and speak again."""
        if family.entry.kind == "stt":
            return listen(request, span, sources, family, sink)
        if round_of(span) > 1:
            return speak_again(request, span, sources, family, sink)
        started = time.monotonic()
        asking = Asking(request, family.entry, span.data["language"], recordings(span, sources))
        pieces = [Piece.of(data) for data in span.data["pieces"]]
        done, reported_at = 0, started

        def tick() -> None:
            nonlocal reported_at
            if time.monotonic() - reported_at >= _REPORT_EVERY_S:
                reported_at = time.monotonic()
                sink.progress(done)

        speaker = Speaker(request, family, asking, tick)
        assembly = speaker.assembly()
        slots = max(1, family.entry.slots)
        for first in range(0, len(pieces), slots):
            several = pieces[first : first + slots]
            speaker.say(several, assembly, seed=seed_of(span, 0, first))
            done += sum(len(piece.text) for piece in several)
        part = faulted(assembly.part(span.data["chapter"], asking.warnings))
        if family.entry.varies:

            def again(sentence: SpokenSentence, nth: int) -> Take:
                seed = seed_of(span, AT_ONCE + nth, sentence.piece)
                return speaker.take(sentence, pieces[sentence.piece], seed=seed)

            part = said_again(part, again)
        part = graded(mended(part), by_listeners=request.quality)
        path = sink.directory / "part.bin"
        write_part(path, part)
        provenance = {"model": family.entry.name, "model_revision": family.revision, "engine": family.engine}
        spoken = [sentence.piece for sentence in part.sentences]
        follow_ups = (listening(request, span, family.entry.name, only=spoken),) if request.verify else ()
        return Part(path, follow_ups, time.monotonic() - started, provenance, part.duration_s)

    def stitch(
        self,
        request: SynthesisRequest,
        header: Mapping[str, Any],
        spans: Iterable[Span],
        parts: Sources,
        sink: Sink,
    ) -> Result:
        """One audio file of all parts, with chapters and marks where they were asked for.

        Raises `BadInput` where nothing sounds: the text is of signs that its voice has no word for.
        """
        report = SpeechReport(request)
        with SpeechFile(request, header, sink) as file:
            warnings: dict[str, None] = {}
            is_heard = False
            for span, path in last_rounds(spans, parts):
                part = read_part(path)
                warnings |= dict.fromkeys(part.warnings)
                report.add(part)
                file.add(span, part)
                is_heard = is_heard or any(part.audible)
            if not is_heard:
                why = next(iter(warnings), "the model made no sound of it.")
                raise BadInput(f"Nothing of the text could be spoken: {why}", field="text")
            duration_s = file.finish()
        summary: dict[str, Any] = {"language": header["language"]} if header.get("language") else {}
        told = [("document", detail) for detail in header["remarks"]] + [("text", detail) for detail in warnings]
        if quality := report.finish(sink, file.levels):
            summary["quality"] = quality
        told += report.warnings()
        if told:
            summary["warnings"] = [{"code": code, "detail": detail} for code, detail in told[:_MOST_WARNINGS]]
        return Result(duration_s, summary)


def _open(request: SynthesisRequest, source: Path | None, limits: Limits) -> Document:
    if request.text is not None:
        return open_text(request.text, limits)
    if request.ssml is not None:
        return open_ssml(request.ssml, limits)
    if source is None:
        raise BadInput(f"There is no text: give `text`, or upload a file ({', '.join(SOURCE_TYPES)}).", field="text")
    return open_file(source, source_type_of(request.source_type, request.source_name), limits)


def _spooled(path: Path) -> Iterator[Span]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            idx, start, characters, data, inputs = json.loads(line)
            yield Span(idx, start, start + characters, characters, data, inputs)
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
