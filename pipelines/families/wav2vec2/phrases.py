"""Words by frames → phrases by seconds, parted at pauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.family import Phrase, Word

from .ctc import Spoken

#: A pause that parts two phrases, in seconds. Letters are heard in their middle, so that words a breath apart seem
#: a tenth of a second farther from each other than they are; a window keeps 0.38 s of a pause that it shortens.
_PAUSE_S = 0.45


def phrases(heard: Sequence[Spoken], *, frame_s: float, seconds: float, separator: str) -> Iterator[Phrase]:
    """`frame_s`: seconds from frame to frame; `seconds`: length of the window; `separator`: what words are parted by.

    The confidence of a phrase is the mean of its words', by their length in letters.
    """
    group: list[Spoken] = []
    for word in heard:
        if group and (word.first - group[-1].last - 1) * frame_s >= _PAUSE_S:
            yield _phrase(group, frame_s, seconds, separator)
            group = []
        group.append(word)
    if group:
        yield _phrase(group, frame_s, seconds, separator)


def _phrase(group: Sequence[Spoken], frame_s: float, seconds: float, separator: str) -> Phrase:
    words = tuple(
        Word(word.text, min(word.first * frame_s, seconds), min((word.last + 1) * frame_s, seconds), word.confidence)
        for word in group
    )
    letters = sum(len(word.text) for word in group)
    confidence = sum(word.confidence * len(word.text) for word in group) / letters
    text = separator.join(word.text for word in group)
    return Phrase(text, words[0].start, words[-1].end, min(1.0, confidence), words)
