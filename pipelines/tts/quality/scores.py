"""Faults and scores of the sentences of a part.

Knows parts and sentences; the measurements are in pipelines/audio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipelines.audio import dnsmos
from pipelines.audio.faults import compute_score, expected_rates, find_faults, measure
from pipelines.text.length import estimate_spoken_letters
from pipelines.tts.part_file import SpeechPart, SpokenSentence
from pipelines.tts.renditions import Rendition, replace_renditions


def detect_faults(part: SpeechPart) -> SpeechPart:
    """`part`, each sentence with the faults of its sound and those that its model reported."""
    measurements = [
        measure(part.samples[each.start : each.end], part.sample_rate_hz, _spoken_letters(each), each.speed)
        for each in part.sentences
    ]
    rates = expected_rates(measurements)
    sentences = tuple(
        replace(each, faults=(*find_faults(measured, rates), *each.model_faults))
        for each, measured in zip(part.sentences, measurements, strict=True)
    )
    return replace(part, sentences=sentences)


def keep_improvements(part: SpeechPart, renditions: Mapping[int, Rendition]) -> SpeechPart:
    """`part`, whose faults have been detected, with those of the renditions that have fewer or lesser faults."""
    tried = detect_faults(replace_renditions(part, renditions))
    kept = {
        new.segment_index: renditions[new.segment_index]
        for old, new in zip(part.sentences, tried.sentences, strict=True)
        if new.segment_index in renditions and compute_score(new.faults) > compute_score(old.faults)
    }
    return tried if len(kept) == len(renditions) else detect_faults(replace_renditions(part, kept))


def score_sentences(part: SpeechPart, *, use_dnsmos: bool) -> SpeechPart:
    """`part`, whose faults have been detected, with a score of 1–5 for each sentence.

    The score is that of DNSMOS where it is requested and installed, a fifth of a second each; otherwise it is 5 minus
    a penalty for each fault.
    """
    use_dnsmos = use_dnsmos and dnsmos.is_installed()
    sentences = []
    for each in part.sentences:
        sound = part.samples[each.start : each.end]
        score = dnsmos.predict_quality(sound, part.sample_rate_hz) if use_dnsmos else compute_score(each.faults)
        sentences.append(replace(each, score=round(score, 2)))
    scale = ("dnsmos" if use_dnsmos else "signal") if sentences else ""
    return replace(part, sentences=tuple(sentences), score_scale=scale)


def _spoken_letters(sentence: SpokenSentence) -> float:
    if sentence.spoken_letters is None:
        return estimate_spoken_letters(sentence.text)
    return sentence.spoken_letters
