"""Who speaks when: the turns of a whole recording, clustered by voice, and the words that fall into them.

Knows vectors and times; nothing of models or of how turns were found. The order of steps is that of the usual pipeline
(embed, cluster, label), see "A review of speaker diarization" (arXiv 2101.09624).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.family import Vector
from pipelines.transcript.part_file import Segment
from pipelines.transcript.phrase_text import texts_between

from .turns import Turn

#: Shorter turns sound too unlike themselves to found a cluster; they join the nearest.
_FOUNDING_S = 1.0
#: Turns clustered at once: the clustering is quadratic. More are first drawn together into so many groups.
_MOST_AT_ONCE, _GROUPS = 2000, 1000
#: Speakers that are looked for where nobody said how many there are.
_MOST_SPEAKERS = 10
#: Mean silhouette below which no division is better than one voice.
_ONE_VOICE = 0.2


def told_apart(turns: Sequence[Turn], *, least: int | None = None, most: int | None = None) -> list[int]:
    """The number of each turn's speaker, from 0, in the order in which they first speak.

    Ward's clustering of unit vectors. Between `least` and `most` (1 and 10 where they are not given) the number of
    speakers is the one whose clusters lie farthest apart (silhouette, Rousseeuw 1987). That measure knows no division
    into clusters of one turn each: it is made only where `least` leaves no other; two turns are one voice otherwise.
    """
    if not turns:
        return []
    vectors = np.stack([turn.vector for turn in turns])
    founding = [number for number, turn in enumerate(turns) if turn.seconds >= _FOUNDING_S]
    if len(founding) < max(2, least or 1):
        founding = list(range(len(turns)))
    centres = _centres(vectors[founding], least or 1, most or max(_MOST_SPEAKERS, least or 1))
    nearest = np.argmax(vectors @ centres.T, axis=1)
    names: dict[int, int] = {}
    order = sorted(range(len(turns)), key=lambda number: turns[number].start)
    for number in order:
        names.setdefault(int(nearest[number]), len(names))
    return [names[int(cluster)] for cluster in nearest]


def named(
    turns: Sequence[Turn], numbers: Sequence[int], known: Mapping[str, Vector], *, same_voice: float
) -> list[str]:
    """The name of each turn's speaker: that of the known voice that is most like it, else speaker_1, speaker_2 …

    `numbers`: as `told_apart` gives them. `same_voice`: the cosine from which a speaker is a known voice. A known voice
    is at most one speaker, and a speaker at most one voice; the pairs that are most alike go first.
    """
    names = {number: f"speaker_{number + 1}" for number in numbers}
    pairs = sorted(
        (
            (float(_voice(turns, numbers, number) @ vector), name, number)
            for number in names
            for name, vector in known.items()
        ),
        reverse=True,
    )
    found: dict[int, str] = {}
    for alike, name, number in pairs:
        if alike >= same_voice and number not in found and name not in found.values():
            found[number] = name
    return [found.get(number, names[number]) for number in numbers]


def _voice(turns: Sequence[Turn], numbers: Sequence[int], number: int) -> Vector:
    mean = np.sum(
        [turn.vector * turn.seconds for turn, each in zip(turns, numbers, strict=True) if each == number], axis=0
    )
    return (mean / (np.linalg.norm(mean) or 1.0)).astype(np.float32)


def labelled(segments: Iterable[Segment], turns: Sequence[Turn], speakers: Sequence[str]) -> Iterator[Segment]:
    """Segments with `speaker`, on each word too; one in which the speaker changes is divided there.

    `speakers`: the name of each turn's speaker.
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
        for word in segment["words"]:
            word["speaker"] = speaker_at(word["start"], word["end"])
        if segment["words"]:
            yield from _by_speaker(segment)
        else:
            yield segment | {"speaker": speaker_at(segment["start"], segment["end"])}


def _distance(turn: Turn, moment: float) -> float:
    return max(turn.start - moment, moment - turn.end, 0.0)


def _by_speaker(segment: Segment) -> Iterator[Segment]:
    words: list[dict[str, Any]] = segment["words"]
    changes = [k for k in range(1, len(words)) if words[k]["speaker"] != words[k - 1]["speaker"]]
    if not changes:
        yield segment | {"speaker": words[0]["speaker"]}
        return
    edges = [0, *changes, len(words)]
    spoken = [word["word"] for word in words]
    texts = texts_between(segment["text"], spoken, edges)
    for number, (first, last) in enumerate(pairwise(edges)):
        said = words[first:last]
        yield segment | {
            "speaker": said[0]["speaker"],
            "start": segment["start"] if first == 0 else said[0]["start"],
            "end": segment["end"] if last == len(words) else said[-1]["end"],
            "text": texts[number] if texts else " ".join(spoken[first:last]),
            "words": said,
        }


def _centres(vectors: NDArray[np.float32], least: int, most: int) -> NDArray[np.float32]:
    """The voice of each speaker, float32 [speakers, width]."""
    from sklearn.cluster import AgglomerativeClustering, MiniBatchKMeans
    from sklearn.metrics import silhouette_score

    if len(vectors) > _MOST_AT_ONCE:
        vectors = MiniBatchKMeans(_GROUPS, n_init=1, random_state=0).fit(vectors).cluster_centers_
    best, best_score = np.zeros(len(vectors), int), _ONE_VOICE
    fewest = min(least, len(vectors))
    if fewest in (most, len(vectors)):
        best = _divided(AgglomerativeClustering, vectors, fewest)
    else:
        for count in range(max(2, fewest), min(most, len(vectors) - 1) + 1):
            labels = _divided(AgglomerativeClustering, vectors, count)
            score = float(silhouette_score(vectors, labels, metric="cosine"))
            if score > best_score or (count == fewest and fewest > 1):
                best, best_score = labels, score
    means = np.stack([vectors[best == label].mean(axis=0) for label in range(int(best.max()) + 1)])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return (means / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _divided(clustering: Any, vectors: NDArray[np.float32], count: int) -> NDArray[np.int_]:
    if count < 2:
        return np.zeros(len(vectors), int)
    return np.asarray(clustering(count, linkage="ward").fit_predict(vectors))
