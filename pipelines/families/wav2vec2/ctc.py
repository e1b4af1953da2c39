"""From the scores of a CTC model to words with their times: the best path, its letters, and the words they make.

Graves et al., "Connectionist Temporal Classification", ICML 2006: equal tokens in a row are one, blanks part them.
Knows frames, not seconds; nothing of models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .alphabet import Alphabet


@dataclass(frozen=True, slots=True)
class Letter:
    """A token of the collapsed path: frames [first, last], both its own; its best posterior among them."""

    token: int
    first: int
    last: int
    posterior: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word: from the first to the last frame of its letters; the mean posterior of these."""

    text: str
    first: int
    last: int
    confidence: float


def log_posteriors(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of the posteriors; `logits` and the result: (frames, tokens)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))).astype(np.float32)


def best_path(log_posteriors: NDArray[np.float32]) -> NDArray[np.int64]:
    """The likeliest token of each frame."""
    return np.argmax(log_posteriors, axis=-1)


def letters(path: Sequence[int] | NDArray[np.int64], scores: NDArray[np.float32], blank: int) -> Iterator[Letter]:
    """The path collapsed. `scores`: log posteriors (frames, tokens) that the letters' posteriors are read from."""
    tokens = np.asarray(path)
    if not tokens.size:
        return
    edges = np.flatnonzero(np.diff(tokens)) + 1
    for first, behind in zip([0, *edges.tolist()], [*edges.tolist(), tokens.size], strict=True):
        token = int(tokens[first])
        if token != blank:
            posterior = float(np.exp(scores[first:behind, token].max()))
            yield Letter(token, first, behind - 1, min(1.0, posterior))


def words(heard: Iterator[Letter], alphabet: Alphabet) -> Iterator[Spoken]:
    """Letters between delimiters; each letter for itself in a script without spaces. Marks are no text."""
    word: list[Letter] = []
    for letter in heard:
        if letter.token == alphabet.delimiter:
            yield from _spoken(word, alphabet)
            word = []
        elif alphabet.tokens[letter.token] is not None:
            word.append(letter)
            if not alphabet.is_spaced:
                yield from _spoken(word, alphabet)
                word = []
    yield from _spoken(word, alphabet)


def _spoken(word: Sequence[Letter], alphabet: Alphabet) -> Iterator[Spoken]:
    text = "".join(alphabet.written(letter.token) for letter in word).strip()
    if text:
        confidence = sum(letter.posterior for letter in word) / len(word)
        yield Spoken(text, word[0].first, word[-1].last, confidence)
