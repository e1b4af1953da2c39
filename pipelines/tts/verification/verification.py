"""Verification rounds of a synthesised chunk: a recogniser transcribes every sentence for comparison with its text.

The rounds of a chunk alternate: synthesise, verify, resynthesise, verify … Each round's part is whole and replaces the
one before. Only doubtful sentences are resynthesised and verified again, by the chunk's own model and then by each of
`retry_models`; of two renditions the one whose transcript is closer to the text is kept. Knows the order of the rounds
and models; nothing of how a sentence is synthesised.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines.family import RecognitionFamily
from pipelines.language_tags import supports_language
from pipelines.pipeline import FollowUp, Part, Sink, Sources, Span
from pipelines.requests import SynthesisRequest
from pipelines.rounds import next_round_span, round_of
from pipelines.text.normalised_text import TextNormaliser
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.similarity import comparable_letters, compare_texts
from pipelines.text.splitting.segment import TextSegment
from pipelines.tts.part_file import SpeechPart, SpokenSentence, read_part, write_part
from pipelines.tts.renditions import Rendition, extract_rendition, replace_renditions
from pipelines.tts.speech_plan import SpeechSpan

from .sentence_transcripts import transcribe_sentences
from .thresholds import mark_doubtful, rank_similarity

#: How often the chunk's own model resynthesises a doubtful sentence at most.
MAX_RESYNTHESES = 2


def verification_follow_up(request: SynthesisRequest, span: Span, model: str, *, only: Sequence[int]) -> FollowUp:
    """The follow-up that verifies the segments `only` of a chunk; `model` synthesised the chunk in the first round."""
    data = replace(SpeechSpan.from_json(span.data), model=model, only=only)
    return FollowUp(request.verify_model, next_round_span(span, data.to_json()))


def rendition_count(span: Span) -> int:
    """How many renditions there are when a span is done: odd rounds synthesise, even ones verify."""
    return (round_of(span) + 1) // 2


def next_model(request: SynthesisRequest, span: Span) -> str | None:
    """The model of the next resynthesis; None when there is none left."""
    models = [SpeechSpan.from_json(span.data).model] * (1 + MAX_RESYNTHESES) + request.retry_models
    return next(iter(models[rendition_count(span) :]), None)


def verify_chunk(
    request: SynthesisRequest, span: Span, sources: Sources, family: RecognitionFamily, sink: Sink
) -> Part:
    """Verify the sentences that the previous round synthesised.

    The sources are the span's inputs, then the parts of all rounds before.
    """
    started, nth, first = time.monotonic(), round_of(span), len(span.inputs)
    verified = read_part(sources(first + nth - 3)) if nth > 2 else None
    spoken = read_part(sources(first + nth - 2))
    data = SpeechSpan.from_json(span.data)
    only = set(data.chosen)
    chosen = [
        each
        for each in spoken.sentences
        if each.segment_index in only
        and (not each.language or supports_language(family.entry.languages, each.language))
    ]
    transcripts = transcribe_sentences(chosen, spoken, family, lambda: sink.progress(0.0), seed=span.idx << 16)
    lexicon = Lexicon(request.lexicon or {}, lambda: sink.progress(0.0))
    normaliser = TextNormaliser(lexicon, by_rules=True)
    segments = [data.segments[each.segment_index] for each in chosen]
    compared = {
        each.segment_index: _compare(each, segment, transcript, normaliser)
        for each, segment, transcript in zip(chosen, segments, transcripts, strict=True)
    }
    part = replace(spoken, sentences=tuple(compared.get(each.segment_index, each) for each in spoken.sentences))
    if verified is not None:
        part = replace_renditions(part, _better_earlier_renditions(verified, part))
    part = replace(part, sentences=tuple(mark_doubtful(part.sentences)))
    path = sink.directory / "part.bin"
    write_part(path, part)
    provenance = {"verify_model": f"{family.entry.name}, {family.revision}, {family.engine}"}
    duration_s = part.duration_s - spoken.duration_s
    return Part(path, _follow_ups(request, span, part), time.monotonic() - started, provenance, duration_s)


def _follow_ups(request: SynthesisRequest, span: Span, part: SpeechPart) -> Sequence[FollowUp]:
    doubtful = [each.segment_index for each in part.sentences if each.is_doubtful]
    model = next_model(request, span)
    if not doubtful or model is None:
        return ()
    data = replace(SpeechSpan.from_json(span.data), only=doubtful)
    return (FollowUp(model, next_round_span(span, data.to_json())),)


def _compare(
    sentence: SpokenSentence, segment: TextSegment, transcript: str, normaliser: TextNormaliser
) -> SpokenSentence:
    """The sentence with its transcript. Both texts are normalised: some recognisers write figures."""
    text = normaliser.normalise(segment.text, sentence.language, segment.spoken_forms).aligned.text
    if not comparable_letters(text):
        return sentence
    recognised = normaliser.normalise(transcript, sentence.language).aligned.text
    return replace(sentence, recognised_text=transcript, similarity=compare_texts(text, recognised))


def _better_earlier_renditions(earlier: SpeechPart, part: SpeechPart) -> Mapping[int, Rendition]:
    """The renditions of the `earlier` part that are closer to their text than those that were made since."""
    current = {each.segment_index: each for each in part.sentences}
    return {
        old.segment_index: extract_rendition(earlier, replace(old, attempts=new.attempts))
        for old in earlier.sentences
        for new in [current[old.segment_index]]
        if new.attempts > old.attempts and rank_similarity(old.similarity) >= rank_similarity(new.similarity)
    }
