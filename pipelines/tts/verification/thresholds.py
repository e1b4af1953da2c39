"""Which sentences of a chunk are doubtful: limits for the similarity of a sentence's text and its transcript.

Knows similarities; nothing of models and of sound.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipelines.text.similarity import TextSimilarity
from pipelines.tts.part_file import SpokenSentence

#: A sentence is doubtful when a larger share of its letters than this is missing, or inserted. (Of 76 correct sentences
#: of Flite, PocketSphinx missed 0.19 at most and inserted 0.25; of halves it missed at least 0.29, and in what was
#: spoken twice it inserted at least 0.79.)
MAX_MISSING, MAX_INSERTED = 0.25, 0.35
#: It is also doubtful below this ratio. Unrelated texts have up to 0.4; correct sentences usually have 0.8.
MIN_RATIO, _USUAL_RATIO = 0.4, 0.8
#: Where a recogniser understands a voice badly, the limits follow the worse quartile of the chunk, times this factor,
#: given at least so many sentences …
_SLACK, _MIN_SENTENCES = 1.5, 8
#: … and no farther than this.
_LAXEST = TextSimilarity(ratio=0.25, missing=0.5, inserted=0.7)
#: For a recogniser that understands the voice as well as PocketSphinx understands Flite.
_STRICTEST = TextSimilarity(MIN_RATIO, MAX_MISSING, MAX_INSERTED)


def mark_doubtful(sentences: Sequence[SpokenSentence]) -> Iterator[SpokenSentence]:
    """The sentences with `is_doubtful` set.

    How well a voice is understood depends on the recogniser too, so that the limits follow the chunk's own sentences.
    """
    limits = _adapt_limits([each.similarity for each in sentences if each.similarity is not None])
    for each in sentences:
        yield replace(each, is_doubtful=each.similarity is not None and _is_outside(each.similarity, limits))


def rank_similarity(similarity: TextSimilarity | None) -> tuple[bool, float]:
    """A sort key, larger for the better rendition: first that nothing is missing or inserted, then the ratio."""
    if similarity is None:
        return False, 0.0
    return not _is_outside(similarity, replace(_STRICTEST, ratio=0.0)), similarity.ratio


def _adapt_limits(known: Sequence[TextSimilarity]) -> TextSimilarity:
    if len(known) < _MIN_SENTENCES:
        return _STRICTEST
    ratio = statistics.quantiles([each.ratio for each in known], n=4)[0] * MIN_RATIO / _USUAL_RATIO
    missing = statistics.quantiles([each.missing for each in known], n=4)[2] * _SLACK
    inserted = statistics.quantiles([each.inserted for each in known], n=4)[2] * _SLACK
    return TextSimilarity(
        max(_LAXEST.ratio, ratio),
        min(_LAXEST.missing, max(MAX_MISSING, missing)),
        min(_LAXEST.inserted, max(MAX_INSERTED, inserted)),
    )


def _is_outside(similarity: TextSimilarity, limits: TextSimilarity) -> bool:
    return (
        similarity.missing > limits.missing or similarity.inserted > limits.inserted or similarity.ratio < limits.ratio
    )
