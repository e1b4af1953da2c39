"""Resynthesis of the doubtful sentences of a chunk: by its own model with another seed and in smaller parts, or by a
fallback model.

Knows renditions; which sentences are doubtful and which model comes next is decided in verification.py.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines.family import SpeechFamily
from pipelines.pipeline import Part, Sink, Sources, Span
from pipelines.reference_recordings import read_references
from pipelines.requests import SynthesisRequest
from pipelines.rounds import previous_part_index
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.splitting.segment import TextSegment
from pipelines.tts.part_file import SpokenSentence, read_part, write_part
from pipelines.tts.quality.repair import repair_sentences
from pipelines.tts.quality.scores import detect_faults, score_sentences
from pipelines.tts.renderer import ChunkRenderer, rendition_seed
from pipelines.tts.renditions import Rendition, replace_renditions
from pipelines.tts.request_builder import SynthesisInputBuilder
from pipelines.tts.speech_plan import SpeechSpan

from .fallback_model import FallbackModel
from .verification import rendition_count, verification_follow_up

#: Shorter parts have no intonation.
_MIN_PART_CHARACTERS = 40


def resynthesise(request: SynthesisRequest, span: Span, sources: Sources, family: SpeechFamily, sink: Sink) -> Part:
    """A new rendition of each sentence that the span chooses. The last source is the verified part."""
    started = time.monotonic()
    data = SpeechSpan.from_json(span.data)
    references = read_references(span, sources)  # first: a source is removed when the next one is read
    verified = read_part(sources(previous_part_index(span)))

    def tick() -> None:
        sink.progress(0.0)

    renderer: _OwnModel | FallbackModel
    if family.entry.name == data.model:
        lexicon = Lexicon(request.lexicon or {}, tick)
        builder = SynthesisInputBuilder(request, family.entry, data.language, references, lexicon)
        builder.follow_detected(data.detected_language)
        renderer = _OwnModel(ChunkRenderer(request, family, builder, tick))
    else:
        renderer = FallbackModel(request, family, references, verified, tick)
    renditions: dict[int, Rendition] = {}
    for sentence in verified.sentences:
        index = sentence.segment_index
        if index in data.chosen:
            seed = rendition_seed(span, rendition_count(span) - 1, index)
            rendition = renderer.render_sentence(sentence, data.segments[index], seed=seed)
            if rendition is not None:
                renditions[index] = rendition
    warnings = tuple(dict.fromkeys([*verified.warnings, *renderer.warnings]))
    part = replace(replace_renditions(verified, renditions), warnings=warnings)
    part = score_sentences(repair_sentences(detect_faults(part)), use_dnsmos=request.quality)
    path = sink.directory / "part.bin"
    write_part(path, part)
    return Part(
        path,
        (verification_follow_up(request, span, data.model, only=sorted(renditions)),),
        time.monotonic() - started,
        _provenance(data, family),
        part.duration_s - verified.duration_s,
    )


class _OwnModel:
    """The model that synthesised the chunk; each attempt is rendered in smaller parts."""

    def __init__(self, renderer: ChunkRenderer) -> None:
        self._renderer = renderer

    @property
    def warnings(self) -> Sequence[str]:
        return self._renderer.warnings

    def render_sentence(self, sentence: SpokenSentence, segment: TextSegment, *, seed: int) -> Rendition:
        limit = max(_MIN_PART_CHARACTERS, -(-len(segment.text) // (sentence.attempts + 1)))
        return self._renderer.render_sentence(sentence, segment, limit=limit, seed=seed)


def _provenance(span: SpeechSpan, family: SpeechFamily) -> Mapping[str, str]:
    if family.entry.name == span.model:
        return {}  # the first round stated it
    return {f"retry.{family.entry.name}": f"{family.revision}, {family.engine}"}
