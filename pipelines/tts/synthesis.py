"""Text to speech: split a document into chunks, synthesise them, join the parts into one file with chapters and marks.

Knows the order of these steps; nothing of document formats, of models or of codecs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.catalog.entry import RecognitionEntry
from pipelines.errors import BadInput
from pipelines.pipeline import Limits, Part, Plan, Result, Sink, Sources, Span
from pipelines.reference_recordings import extract_references, read_references, reference_inputs
from pipelines.requests import SynthesisRequest
from pipelines.rounds import final_parts, round_of
from pipelines.text.cast import apply_cast
from pipelines.text.document import Chapter, Document
from pipelines.text.documents.reading import ReadingOptions
from pipelines.text.documents.registry import DOCUMENT_FORMATS, open_file, open_ssml, open_text, resolve_source_type
from pipelines.text.pronunciation.growth import max_replaced_length, replaced_length
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.splitting.chunks import DocumentSplitter
from pipelines.text.splitting.segment import TextSegment
from pipelines.tts.output.audio_file import SpeechFileWriter
from pipelines.tts.quality.repair import repair_sentences, resynthesise_faulty
from pipelines.tts.quality.report import QualityReport
from pipelines.tts.quality.scores import detect_faults, score_sentences
from pipelines.tts.verification.resynthesis import resynthesise
from pipelines.tts.verification.verification import verification_follow_up, verify_chunk

from .part_file import SpokenSentence, read_part, write_part
from .patches import SentencePatches
from .renderer import FIRST_IMMEDIATE_RETRY, ChunkRenderer, rendition_seed
from .renditions import Rendition
from .request_builder import SynthesisInputBuilder
from .speech_plan import PlannedChapter, SpeechHeader, SpeechSpan

#: Seconds between two reports of progress.
_REPORT_EVERY_S = 0.2
#: A larger cover is left out.
_MAX_COVER_BYTES = 4 << 20
_MAX_TITLE_CHARACTERS = 200
_MAX_WARNINGS = 50


class Synthesis:
    """The pipeline of `tts.synthesize`."""

    Request = SynthesisRequest

    def plan(self, request: SynthesisRequest, source: Path | None, sink: Sink, limits: Limits) -> Plan:
        """Chunks of about `limits.chunk_characters`, none of more than one chapter.

        Raises `BadInput` for a text without words and whatever the reader of the document raises.
        """
        extract_references(request, sink, limits)
        document = _open_document(request, source, limits)
        language, detected = request.language or document.language, document.detected_language
        blocks = apply_cast(document.blocks, request.cast) if request.cast else document.blocks
        if request.chapters == "none":
            blocks = (block for block in blocks if not isinstance(block, Chapter))
        splitter = DocumentSplitter(language or detected or "en", limits.chunk_characters)
        # The header needs the chapters of all chunks, so that these are spooled to disk first.
        spool = sink.directory / "spans.jsonl"
        characters = 0
        patches = SentencePatches(request.patches)
        with spool.open("w", encoding="utf-8") as file:
            for idx, (first, chunk) in enumerate(patches.apply(splitter.split(blocks))):
                data = SpeechSpan(chunk.segments, chunk.chapter, language, detected, first)
                line = [idx, characters, chunk.characters, data.to_json(), reference_inputs(chunk, request)]
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                characters += chunk.characters
                if idx % 200 == 0:
                    sink.progress(characters)
        if not characters:
            spool.unlink()
            raise BadInput("There is no text to speak: send at least one word.", field="text")
        header = _build_header(request, document, splitter, language)
        return Plan(header.to_json(), characters, "characters", _read_spool(spool))

    def work(self, request: SynthesisRequest, span: Span, sources: Sources, family: Any, sink: Sink) -> Part:
        """Synthesise every segment of the chunk; later rounds verify and resynthesise sentences."""
        if isinstance(family.entry, RecognitionEntry):
            return verify_chunk(request, span, sources, family, sink)
        if round_of(span) > 1:
            return resynthesise(request, span, sources, family, sink)
        started = time.monotonic()
        data = SpeechSpan.from_json(span.data)
        segments = data.segments
        done, reported_at = 0, started

        def tick() -> None:
            nonlocal reported_at
            if time.monotonic() - reported_at >= _REPORT_EVERY_S:
                reported_at = time.monotonic()
                sink.progress(done)

        references, lexicon = read_references(span, sources), Lexicon(request.lexicon or {}, tick)
        _check_growth(segments, lexicon, family.entry.chunk_characters)
        builder = SynthesisInputBuilder(request, family.entry, data.language, references, lexicon)
        builder.follow_detected(data.detected_language)
        renderer = ChunkRenderer(request, family, builder, tick)
        assembler = renderer.new_assembler()
        slots = max(1, family.entry.slots)
        for first in range(0, len(segments), slots):
            batch = segments[first : first + slots]
            renderer.render(batch, assembler, seed=rendition_seed(span, 0, first))
            done += sum(len(segment.text) for segment in batch)
        part = detect_faults(assembler.part(data.chapter, builder.warnings))
        if family.entry.varies:

            def render_anew(sentence: SpokenSentence, nth: int) -> Rendition:
                seed = rendition_seed(span, FIRST_IMMEDIATE_RETRY + nth, sentence.segment_index)
                return renderer.render_sentence(sentence, segments[sentence.segment_index], seed=seed)

            part = resynthesise_faulty(part, render_anew)
        part = score_sentences(repair_sentences(part), use_dnsmos=request.quality)
        path = sink.directory / "part.bin"
        write_part(path, part)
        provenance = {"model": family.entry.name, "model_revision": family.revision, "engine": family.engine}
        indices = [sentence.segment_index for sentence in part.sentences]
        follow_ups = (verification_follow_up(request, span, family.entry.name, only=indices),) if request.verify else ()
        return Part(path, follow_ups, time.monotonic() - started, provenance, part.duration_s)

    def stitch(
        self,
        request: SynthesisRequest,
        header: Mapping[str, Any],
        spans: Iterable[Span],
        parts: Sources,
        sink: Sink,
    ) -> Result:
        """One audio file of all parts, with chapters and marks where they are requested.

        Raises `BadInput` where all sentences are silent: the text has nothing that its voice can speak.
        """
        report = QualityReport(request)
        document = SpeechHeader.from_json(header)
        with SpeechFileWriter(request, document, sink) as file:
            text_warnings: dict[str, None] = {}
            is_audible = False
            for span, path in final_parts(spans, parts):
                part = read_part(path)
                text_warnings |= dict.fromkeys(part.warnings)
                report.add(part)
                file.add(span, part)
                is_audible = is_audible or any(part.audible)
            if not is_audible:
                why = next(iter(text_warnings), "the model made no sound of it.")
                raise BadInput(f"Nothing of the text could be spoken: {why}", field="text")
            duration_s = file.finish()
        summary: dict[str, Any] = {"language": document.language} if document.language else {}
        warnings = [("document", detail) for detail in document.warnings]
        warnings += [("text", detail) for detail in text_warnings]
        if quality := report.finish(sink, file.levels):
            summary["quality"] = quality
        warnings += report.warnings()
        if warnings:
            summary["warnings"] = [{"code": code, "detail": detail} for code, detail in warnings[:_MAX_WARNINGS]]
        return Result(duration_s, summary)


def _check_growth(segments: Sequence[TextSegment], lexicon: Lexicon, chunk_characters: int) -> None:
    """Refuse replacements that make a chunk many times as long as it is written; no engine is to get that."""
    written = sum(len(segment.text) for segment in segments)
    length = replaced_length((segment.text for segment in segments), lexicon)
    limit = max_replaced_length(written, chunk_characters)
    if length > limit:
        raise BadInput(
            f"With the replacements of `lexicon` a passage of {written:,} characters has {length:,}; "
            f"{limit:,} are the most. Shorten the replacements.",
            field="lexicon",
        )


def _open_document(request: SynthesisRequest, source: Path | None, limits: Limits) -> Document:
    options = ReadingOptions(request.notes, request.code, request.language, request.encoding)
    if request.text is not None:
        return open_text(request.text, limits, options)
    if request.ssml is not None:
        return open_ssml(request.ssml, limits)
    if source is None:
        raise BadInput(
            f"There is no text: give `text`, or upload a file ({', '.join(DOCUMENT_FORMATS)}).", field="text"
        )
    return open_file(source, resolve_source_type(request.source_type, request.source_name), limits, options)


def _read_spool(path: Path) -> Iterator[Span]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            idx, start, characters, data, inputs = json.loads(line)
            yield Span(idx, start, start + characters, characters, data, inputs)
    path.unlink()


def _build_header(
    request: SynthesisRequest, document: Document, splitter: DocumentSplitter, language: str | None
) -> SpeechHeader:
    title = request.title or document.title
    chapters = [
        PlannedChapter((name or title or "Beginning")[:_MAX_TITLE_CHARACTERS], first)
        for name, first in zip(splitter.chapters, splitter.first_chunks, strict=True)
    ]
    cover = document.cover
    return SpeechHeader(
        title=title,
        author=request.author or document.author,
        language=language,
        chapters=chapters if request.chapters == "auto" else (),
        warnings=document.warnings[:20],
        cover=cover if cover is not None and len(cover.data) <= _MAX_COVER_BYTES else None,
    )
