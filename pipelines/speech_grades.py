"""A grade for every sentence of a spoken part: what is wrong with its sound, and a score of 1–5.

Knows parts and sentences; how sound is measured is in pipelines/audio.
"""

from __future__ import annotations

from dataclasses import replace

from .audio import dnsmos
from .audio.quality import faults, measured, score, usual_rate
from .speech_part import SpeechPart
from .transcript.likeness import letters


def graded(part: SpeechPart, *, by_listeners: bool) -> SpeechPart:
    """`part`, its sentences graded.

    The score is what listeners would say where that is wanted and DNSMOS is installed, which costs a fifth of a second
    for each; otherwise it is 5 less something for each fault.
    """
    sounds = [part.samples[each.start : each.end] for each in part.sentences]
    measures = [
        measured(sound, part.sample_rate_hz, len(letters(each.text)))
        for each, sound in zip(part.sentences, sounds, strict=True)
    ]
    usual = usual_rate(measures)
    by_listeners = by_listeners and dnsmos.is_installed()
    sentences = []
    for each, sound, measure in zip(part.sentences, sounds, measures, strict=True):
        found = tuple(faults(measure, usual))
        points = dnsmos.overall(sound, part.sample_rate_hz) if by_listeners else score(found)
        sentences.append(replace(each, faults=found, score=round(points, 2)))
    scale = ("dnsmos" if by_listeners else "signal") if sentences else ""
    return replace(part, sentences=tuple(sentences), scale=scale)
