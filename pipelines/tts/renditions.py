"""Renditions of one sentence: extract, resample, and put into a part in place of the one that is there.

Positions after a replaced sentence move with it; pauses keep their length to the sample. Knows samples and positions;
nothing of why one rendition is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.audio.resample import resample_int16
from pipelines.family import Samples

from .part_file import SpeechPart, SpokenSentence, SpokenWord


@dataclass(frozen=True, slots=True)
class Rendition:
    """One sentence, spoken; positions count from its own first sample."""

    sentence: SpokenSentence
    samples: Samples
    sample_rate_hz: int
    #: Marks of the source document in it, as in a part.
    source_marks: Sequence[tuple[str, int]] = ()


def extract_rendition(part: SpeechPart, sentence: SpokenSentence) -> Rendition:
    """The rendition of `sentence` that `part` holds."""
    start, end = sentence.start, sentence.end
    marks = tuple((name, at - start) for name, at in part.source_marks if start <= at <= end)
    return Rendition(_shift(sentence, -start), part.samples[start:end], part.sample_rate_hz, marks)


def join_rendition(part: SpeechPart, sentence: SpokenSentence) -> Rendition:
    """One new rendition of `sentence` from all of `part`, which holds it in one or several pieces."""
    words = tuple(word for piece in part.sentences for word in piece.words)
    model_faults = tuple(dict.fromkeys(fault for piece in part.sentences for fault in piece.model_faults))
    first = part.sentences[0] if part.sentences else sentence
    letters = [piece.spoken_letters for piece in part.sentences if piece.spoken_letters is not None]
    joined = replace(
        sentence,
        start=0,
        end=len(part.samples),
        words=words,
        attempts=sentence.attempts + 1,
        model=first.model,
        speed=first.speed,
        recognised_text=None,
        similarity=None,
        is_doubtful=False,
        faults=(),
        model_faults=model_faults,
        repaired_faults=(),
        score=None,
        spoken_letters=sum(letters) if len(letters) == len(part.sentences) else None,
    )
    return Rendition(joined, part.samples, part.sample_rate_hz, part.source_marks)


def resample_rendition(rendition: Rendition, rate_hz: int) -> Rendition:
    """`rendition` at another sampling rate: its first sample stays the first, its end is that of its samples."""
    if rendition.sample_rate_hz == rate_hz:
        return rendition
    samples = resample_int16(rendition.samples, rendition.sample_rate_hz, rate_hz)

    def at(sample: int) -> int:
        return min(len(samples), round(sample * rate_hz / rendition.sample_rate_hz))

    words = tuple(SpokenWord(word.text, at(word.start), at(word.end)) for word in rendition.sentence.words)
    sentence = replace(rendition.sentence, start=0, end=len(samples), words=words)
    return Rendition(sentence, samples, rate_hz, tuple((name, at(sample)) for name, sample in rendition.source_marks))


def replace_renditions(part: SpeechPart, renditions: Mapping[int, Rendition]) -> SpeechPart:
    """`part` with other renditions, by segment index, at the part's own sampling rate."""
    pieces, sentences, moved_marks = list[Samples](), list[SpokenSentence](), list[tuple[str, int]]()
    marks = list(part.source_marks)
    done = length = 0

    def keep_until(end: int) -> None:
        nonlocal done, length
        while marks and marks[0][1] < end:
            name, at = marks.pop(0)
            moved_marks.append((name, at - done + length))
        pieces.append(part.samples[done:end])
        length += end - done
        done = end

    for sentence in part.sentences:
        keep_until(sentence.start)
        rendition = renditions.get(sentence.segment_index)
        if rendition is None:
            sentences.append(_shift(sentence, length - done))
            continue
        rendition = resample_rendition(rendition, part.sample_rate_hz)
        while marks and marks[0][1] <= sentence.end:
            name, at = marks.pop(0)
            moved_marks.append((name, length + _locate_mark(name, at, sentence, rendition)))
        sentences.append(_shift(rendition.sentence, length))
        pieces.append(rendition.samples)
        length += len(rendition.samples)
        done = sentence.end
    keep_until(len(part.samples))
    moved_marks += [(name, length) for name, _ in marks]
    samples = np.concatenate(pieces) if pieces else part.samples
    return replace(part, samples=samples, sentences=tuple(sentences), source_marks=tuple(moved_marks))


def _shift(sentence: SpokenSentence, by: int) -> SpokenSentence:
    words = tuple(SpokenWord(word.text, word.start + by, word.end + by) for word in sentence.words)
    return replace(sentence, start=sentence.start + by, end=sentence.end + by, words=words)


def _locate_mark(name: str, at: int, old: SpokenSentence, rendition: Rendition) -> int:
    """The place of a mark of the old rendition in the new one: its own mark, else the same share of the length."""
    known = dict(rendition.source_marks)
    if name in known:
        return known[name]
    return round((at - old.start) * len(rendition.samples) / max(1, old.end - old.start))
