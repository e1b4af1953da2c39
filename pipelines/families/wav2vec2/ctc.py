"""CTC decoding: from the scores of a model to the best path, its letters, and words with their times.

Graves et al., "Connectionist Temporal Classification", ICML 2006: consecutive equal tokens are merged, blanks separate
them. Knows frames, not seconds; nothing of models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .alphabet import Alphabet


@dataclass(frozen=True, slots=True)
class CtcLetter:
    """A token of the collapsed path: its first and last frame (inclusive), and its best posterior in these frames."""

    token: int
    first: int
    last: int
    posterior: float


@dataclass(frozen=True, slots=True)
class CtcWord:
    """A word: from the first to the last frame of its letters (inclusive); the mean posterior of these."""

    text: str
    first: int
    last: int
    confidence: float


def compute_log_posteriors(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of the posterior probabilities; `logits` and the result: (frames, tokens)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))).astype(np.float32)


def find_best_path(log_posteriors: NDArray[np.float32]) -> NDArray[np.int64]:
    """The most probable token of each frame."""
    return np.argmax(log_posteriors, axis=-1)


def collapse_path(
    path: Sequence[int] | NDArray[np.int64], scores: NDArray[np.float32], blank: int
) -> Iterator[CtcLetter]:
    """The letters of a path (a token per frame). `scores`: log posteriors (frames, tokens)."""
    tokens = np.asarray(path)
    if not tokens.size:
        return
    edges = np.flatnonzero(np.diff(tokens)) + 1
    for first, end in zip([0, *edges.tolist()], [*edges.tolist(), tokens.size], strict=True):
        token = int(tokens[first])
        if token != blank:
            posterior = float(np.exp(scores[first:end, token].max()))
            yield CtcLetter(token, first, end - 1, min(1.0, posterior))


def join_letters(letters: Iterator[CtcLetter], alphabet: Alphabet) -> Iterator[CtcWord]:
    """Words of the letters between delimiters; in a script without spaces each letter is a word. Special tokens are
    dropped."""
    word: list[CtcLetter] = []
    for letter in letters:
        if letter.token == alphabet.delimiter:
            yield from _build_word(word, alphabet)
            word = []
        elif alphabet.tokens[letter.token] is not None:
            word.append(letter)
            if not alphabet.is_spaced:
                yield from _build_word(word, alphabet)
                word = []
    yield from _build_word(word, alphabet)


def _build_word(word: Sequence[CtcLetter], alphabet: Alphabet) -> Iterator[CtcWord]:
    text = "".join(alphabet.decode(letter.token) for letter in word).strip()
    if text:
        confidence = sum(letter.posterior for letter in word) / len(word)
        yield CtcWord(text, word[0].first, word[-1].last, confidence)
