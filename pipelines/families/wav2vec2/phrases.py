"""Words with frames to phrases with seconds, split at pauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.family import Phrase, Word

from .ctc import CtcWord

#: A pause in seconds that separates two phrases. The model places letters at their middle, so that pauses between words
#: appear a tenth of a second longer than they are; a window keeps 0.38 s of a pause that it shortens.
_PAUSE_S = 0.45


def build_phrases(words: Sequence[CtcWord], *, frame_s: float, seconds: float, separator: str) -> Iterator[Phrase]:
    """`frame_s`: seconds per frame; `seconds`: length of the window; `separator`: text between two words.

    The confidence of a phrase is the mean of its words', weighted by their length in letters.
    """
    group: list[CtcWord] = []
    for word in words:
        if group and (word.first - group[-1].last - 1) * frame_s >= _PAUSE_S:
            yield _build_phrase(group, frame_s, seconds, separator)
            group = []
        group.append(word)
    if group:
        yield _build_phrase(group, frame_s, seconds, separator)


def _build_phrase(group: Sequence[CtcWord], frame_s: float, seconds: float, separator: str) -> Phrase:
    words = tuple(
        Word(word.text, min(word.first * frame_s, seconds), min((word.last + 1) * frame_s, seconds), word.confidence)
        for word in group
    )
    letters = sum(len(word.text) for word in group)
    confidence = sum(word.confidence * len(word.text) for word in group) / letters
    text = separator.join(word.text for word in group)
    return Phrase(text, words[0].start, words[-1].end, min(1.0, confidence), words)
