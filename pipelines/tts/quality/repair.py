"""Immediate retries and repair of faulty sentences, before verification.

A new rendition is kept only where it has fewer or lesser faults than the old one. Knows which fault needs what; nothing
of signals and models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipelines.audio.repair import REPAIRABLE, repair_faults
from pipelines.tts.part_file import SpeechPart, SpokenSentence, SpokenWord
from pipelines.tts.renditions import Rendition, extract_rendition

from .scores import keep_improvements

#: Faults that no filter can repair and another seed may. (Not "attention": such a model has retried by itself.)
_RESYNTHESISED = frozenset({"no_sound", "rate", "repetition", "collapse"})
#: Retries of such a sentence at most.
MAX_IMMEDIATE_RETRIES = 2


def resynthesise_faulty(part: SpeechPart, render: Callable[[SpokenSentence, int], Rendition]) -> SpeechPart:
    """`part` with better renditions of the sentences that need a retry; `render` makes the n-th one, from 0.

    The faults of `part` must have been detected.
    """
    for nth in range(MAX_IMMEDIATE_RETRIES):
        faulty = [sentence for sentence in part.sentences if _RESYNTHESISED.intersection(sentence.faults)]
        if faulty:
            part = keep_improvements(part, {each.segment_index: render(each, nth) for each in faulty})
    return part


def repair_sentences(part: SpeechPart) -> SpeechPart:
    """`part`, whose faults have been detected, with those repaired that can be; `repaired_faults` names them."""
    faulty = [sentence for sentence in part.sentences if REPAIRABLE.intersection(sentence.faults)]
    if faulty:
        part = keep_improvements(part, {each.segment_index: _repair(part, each) for each in faulty})
    sentences = [
        replace(each, repaired_faults=tuple(sorted(set(each.repaired_faults) - set(each.faults))))
        for each in part.sentences
    ]
    return replace(part, sentences=tuple(sentences))


def _repair(part: SpeechPart, sentence: SpokenSentence) -> Rendition:
    old = extract_rendition(part, sentence)
    repaired = repair_faults(old.samples, old.sample_rate_hz, sentence.faults)
    words = [
        SpokenWord(word.text, repaired.map_position(word.start), repaired.map_position(word.end))
        for word in old.sentence.words
    ]
    new = replace(
        old.sentence,
        end=len(repaired.samples),
        words=tuple(words),
        repaired_faults=tuple({*sentence.repaired_faults, *REPAIRABLE.intersection(sentence.faults)}),
    )
    marks = [(name, repaired.map_position(at)) for name, at in old.source_marks]
    return Rendition(new, repaired.samples, old.sample_rate_hz, marks)
