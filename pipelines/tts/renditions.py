"""Takes: a sentence of a spoken part in the place of another. What lies behind it moves; pauses stay to the sample.

Knows samples and positions; nothing of why one take is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.audio.file_resample import RateChange
from pipelines.family import Samples

from .part_file import SpeechPart, SpokenSentence, SpokenWord


@dataclass(frozen=True, slots=True)
class Take:
    """One sentence; positions count from its own first sample."""

    sentence: SpokenSentence
    samples: Samples
    sample_rate_hz: int
    #: The source's own marks in it, as in a part.
    named: Sequence[tuple[str, int]] = ()


def take_of(part: SpeechPart, sentence: SpokenSentence) -> Take:
    """A sentence of `part` as it was spoken there."""
    start, end = sentence.start, sentence.end
    named = tuple((name, at - start) for name, at in part.named if start <= at <= end)
    return Take(_moved(sentence, -start), part.samples[start:end], part.sample_rate_hz, named)


def whole_take(part: SpeechPart, sentence: SpokenSentence) -> Take:
    """All of `part`, which holds `sentence` spoken in pieces, as a further take of it."""
    words = tuple(word for piece in part.sentences for word in piece.words)
    told = tuple(dict.fromkeys(fault for piece in part.sentences for fault in piece.told))
    by = part.sentences[0] if part.sentences else sentence
    new = replace(
        sentence,
        start=0,
        end=len(part.samples),
        words=words,
        takes=sentence.takes + 1,
        model=by.model,
        speed=by.speed,
        heard=None,
        likeness=None,
        is_doubtful=False,
        faults=(),
        told=told,
        mended=(),
        score=None,
    )
    return Take(new, part.samples, part.sample_rate_hz, part.named)


def at_rate(take: Take, rate_hz: int) -> Take:
    """`take` at another sampling rate: its first sample stays the first, its end is that of its samples."""
    if take.sample_rate_hz == rate_hz:
        return take
    change = RateChange(take.sample_rate_hz, rate_hz)
    samples = np.concatenate([change.change(take.samples), change.finish()])

    def at(sample: int) -> int:
        return min(len(samples), round(sample * rate_hz / take.sample_rate_hz))

    words = tuple(SpokenWord(word.text, at(word.start), at(word.end)) for word in take.sentence.words)
    sentence = replace(take.sentence, start=0, end=len(samples), words=words)
    return Take(sentence, samples, rate_hz, tuple((name, at(sample)) for name, sample in take.named))


def with_takes(part: SpeechPart, takes: Mapping[int, Take]) -> SpeechPart:
    """`part` with other takes of the sentences of these pieces, at the part's own sampling rate."""
    sounds, sentences, named = list[Samples](), list[SpokenSentence](), list[tuple[str, int]]()
    marks = list(part.named)
    done = length = 0

    def keep_until(end: int) -> None:
        nonlocal done, length
        while marks and marks[0][1] < end:
            name, at = marks.pop(0)
            named.append((name, at - done + length))
        sounds.append(part.samples[done:end])
        length += end - done
        done = end

    for sentence in part.sentences:
        keep_until(sentence.start)
        take = takes.get(sentence.piece)
        if take is None:
            sentences.append(_moved(sentence, length - done))
            continue
        take = at_rate(take, part.sample_rate_hz)
        while marks and marks[0][1] <= sentence.end:
            name, at = marks.pop(0)
            named.append((name, length + _place(name, at, sentence, take)))
        sentences.append(_moved(take.sentence, length))
        sounds.append(take.samples)
        length += len(take.samples)
        done = sentence.end
    keep_until(len(part.samples))
    named += [(name, length) for name, _ in marks]
    samples = np.concatenate(sounds) if sounds else part.samples
    return replace(part, samples=samples, sentences=tuple(sentences), named=tuple(named))


def _moved(sentence: SpokenSentence, by: int) -> SpokenSentence:
    words = tuple(SpokenWord(word.text, word.start + by, word.end + by) for word in sentence.words)
    return replace(sentence, start=sentence.start + by, end=sentence.end + by, words=words)


def _place(name: str, at: int, old: SpokenSentence, take: Take) -> int:
    """Where a mark of the old take is in the new one: where that has it, else as far along as it was."""
    known = dict(take.named)
    if name in known:
        return known[name]
    return round((at - old.start) * len(take.samples) / max(1, old.end - old.start))
