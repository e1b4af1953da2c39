"""Speaker diarization: clusters the turns of a whole recording by speaker and labels its words.

Knows embeddings and times; nothing of models or of how turns were found. The steps are those of the usual pipeline
(embed, cluster, label), see "A review of speaker diarization" (arXiv 2101.09624).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.audio.unit_vector import normalise_length
from pipelines.family import SpeakerEmbedding
from pipelines.transcript.phrase_text import split_text
from pipelines.transcript.segment import TranscriptSegment
from pipelines.transcript.turn import Turn

#: Embeddings of shorter turns are too unreliable to found a cluster; such turns join the nearest one. In seconds.
_MIN_FOUNDING_S = 1.0
#: Turns clustered at once: the clustering is quadratic. More are first reduced to so many groups.
_MAX_CLUSTERED, _GROUPS = 2000, 1000
#: Maximal number of speakers where the request gives none.
_MAX_SPEAKERS = 10
#: Mean silhouette below which no division is better than one speaker.
_MIN_SILHOUETTE = 0.2


def cluster_speakers(turns: Sequence[Turn], *, least: int | None = None, most: int | None = None) -> list[int]:
    """The number of each turn's speaker, from 0, in the order in which they first speak.

    Ward's clustering of unit vectors. Between `least` and `most` (1 and 10 where they are not given) the number of
    speakers is the one with the largest mean silhouette (Rousseeuw 1987). The silhouette is not defined for clusters
    of one turn each: that division is made only where `least` leaves no other, so that two turns are one speaker
    otherwise.
    """
    if not turns:
        return []
    embeddings = np.stack([turn.embedding for turn in turns])
    founding = [number for number, turn in enumerate(turns) if turn.seconds >= _MIN_FOUNDING_S]
    if len(founding) < max(2, least or 1):
        founding = list(range(len(turns)))
    centres = _find_centres(embeddings[founding], least or 1, most or max(_MAX_SPEAKERS, least or 1))
    nearest = np.argmax(embeddings @ centres.T, axis=1)
    numbers: dict[int, int] = {}
    for turn in sorted(range(len(turns)), key=lambda number: turns[number].start):
        numbers.setdefault(int(nearest[turn]), len(numbers))
    return [numbers[int(cluster)] for cluster in nearest]


def name_speakers(
    turns: Sequence[Turn], numbers: Sequence[int], known: Mapping[str, SpeakerEmbedding], *, same_voice: float
) -> list[str]:
    """The name of each turn's speaker: that of the most similar known speaker, else speaker_1, speaker_2 …

    `numbers`: the result of `cluster_speakers`. `same_voice`: the cosine from which a speaker is a known one. Names and
    speakers are matched one to one, the most similar pairs first.
    """
    default_names = {number: f"speaker_{number + 1}" for number in numbers}
    pairs = sorted(
        (
            (float(_mean_embedding(turns, numbers, number) @ embedding), name, number)
            for number in default_names
            for name, embedding in known.items()
        ),
        reverse=True,
    )
    matched: dict[int, str] = {}
    for cosine, name, number in pairs:
        if cosine >= same_voice and number not in matched and name not in matched.values():
            matched[number] = name
    return [matched.get(number, default_names[number]) for number in numbers]


def label_segments(
    segments: Iterable[TranscriptSegment], turns: Sequence[Turn], speakers: Sequence[str]
) -> Iterator[TranscriptSegment]:
    """Segments with `speaker`, on each word too; a segment in which the speaker changes is split there.

    `speakers`: the name of each turn's speaker. A word belongs to the turn nearest to its middle.
    """
    order = sorted(range(len(turns)), key=lambda number: turns[number].start)
    starts = [turns[number].start for number in order]

    def speaker_at(start: float, end: float) -> str | None:
        if not order:
            return None
        middle = (start + end) / 2
        at = bisect_right(starts, middle) - 1
        near = [order[k] for k in (at, at + 1) if 0 <= k < len(order)]
        return speakers[min(near, key=lambda number: _distance(turns[number], middle))]

    for segment in segments:
        if segment.words:
            words = tuple(replace(word, speaker=speaker_at(word.start, word.end)) for word in segment.words)
            yield from _split_by_speaker(replace(segment, words=words))
        else:
            yield replace(segment, speaker=speaker_at(segment.start, segment.end))


def _mean_embedding(turns: Sequence[Turn], numbers: Sequence[int], number: int) -> SpeakerEmbedding:
    """The mean over a speaker's turns, weighted by their length, as a unit vector."""
    mean = np.sum(
        [turn.embedding * turn.seconds for turn, each in zip(turns, numbers, strict=True) if each == number], axis=0
    )
    return normalise_length(mean)


def _distance(turn: Turn, moment: float) -> float:
    return max(turn.start - moment, moment - turn.end, 0.0)


def _split_by_speaker(segment: TranscriptSegment) -> Iterator[TranscriptSegment]:
    """`segment` whose words have their speakers, or its parts between changes of the speaker."""
    words = segment.words
    changes = [k for k in range(1, len(words)) if words[k].speaker != words[k - 1].speaker]
    if not changes:
        yield replace(segment, speaker=words[0].speaker)
        return
    edges = [0, *changes, len(words)]
    word_texts = [word.text for word in words]
    texts = split_text(segment.text, word_texts, edges)
    for number, (first, last) in enumerate(pairwise(edges)):
        own = words[first:last]
        yield replace(
            segment,
            speaker=own[0].speaker,
            start=segment.start if first == 0 else own[0].start,
            end=segment.end if last == len(words) else own[-1].end,
            text=texts[number] if texts else " ".join(word_texts[first:last]),
            words=own,
        )


def _find_centres(embeddings: NDArray[np.float32], least: int, most: int) -> NDArray[np.float32]:
    """The mean embedding of each speaker, float32 [speakers, width], of unit length."""
    from sklearn.cluster import AgglomerativeClustering, MiniBatchKMeans
    from sklearn.metrics import silhouette_score

    if len(embeddings) > _MAX_CLUSTERED:
        embeddings = MiniBatchKMeans(_GROUPS, n_init=1, random_state=0).fit(embeddings).cluster_centers_
    best, best_score = np.zeros(len(embeddings), int), _MIN_SILHOUETTE
    fewest = min(least, len(embeddings))
    if fewest in (most, len(embeddings)):
        best = _cluster(AgglomerativeClustering, embeddings, fewest)
    else:
        for count in range(max(2, fewest), min(most, len(embeddings) - 1) + 1):
            labels = _cluster(AgglomerativeClustering, embeddings, count)
            score = float(silhouette_score(embeddings, labels, metric="cosine"))
            if score > best_score or (count == fewest and fewest > 1):
                best, best_score = labels, score
    means = (embeddings[best == label].mean(axis=0) for label in range(int(best.max()) + 1))
    return np.stack([normalise_length(mean) for mean in means])


def _cluster(clustering: Any, embeddings: NDArray[np.float32], count: int) -> NDArray[np.int_]:
    if count < 2:
        return np.zeros(len(embeddings), int)
    return np.asarray(clustering(count, linkage="ward").fit_predict(embeddings))
