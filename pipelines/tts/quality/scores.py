"""A grade for every sentence of a spoken part: what is wrong with its sound, and a score of 1–5.

Knows parts and sentences; how sound is measured is in pipelines/audio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipelines.audio import dnsmos
from pipelines.audio.defects import faults, measured, score, usual_rates
from pipelines.text.length import spoken_letters
from pipelines.tts.part_file import SpeechPart
from pipelines.tts.renditions import Take, with_takes


def faulted(part: SpeechPart) -> SpeechPart:
    """`part`, each sentence with what can be measured to be wrong with it, and what its model told."""
    measures = [
        measured(part.samples[each.start : each.end], part.sample_rate_hz, spoken_letters(each.text), each.speed)
        for each in part.sentences
    ]
    usual = usual_rates(measures)
    sentences = tuple(
        replace(each, faults=(*faults(measure, usual), *each.told))
        for each, measure in zip(part.sentences, measures, strict=True)
    )
    return replace(part, sentences=sentences)


def better(part: SpeechPart, takes: Mapping[int, Take]) -> SpeechPart:
    """`part`, which has its faults, with those of the takes that have fewer, or lesser ones, and no others."""
    tried = faulted(with_takes(part, takes))
    kept = {
        new.piece: takes[new.piece]
        for old, new in zip(part.sentences, tried.sentences, strict=True)
        if new.piece in takes and score(new.faults) > score(old.faults)
    }
    return tried if len(kept) == len(takes) else faulted(with_takes(part, kept))


def graded(part: SpeechPart, *, by_listeners: bool) -> SpeechPart:
    """`part`, which has its faults, its sentences scored.

    The score is what listeners would say where that is wanted and DNSMOS is installed, which costs a fifth of a second
    for each; otherwise it is 5 less something for each fault.
    """
    by_listeners = by_listeners and dnsmos.is_installed()
    sentences = []
    for each in part.sentences:
        sound = part.samples[each.start : each.end]
        points = dnsmos.overall(sound, part.sample_rate_hz) if by_listeners else score(each.faults)
        sentences.append(replace(each, score=round(points, 2)))
    scale = ("dnsmos" if by_listeners else "signal") if sentences else ""
    return replace(part, sentences=tuple(sentences), scale=scale)
