"""Times of tokens and words from cross-attention: where the decoder looked while it wrote.

Attention → path by dynamic time warping (Giorgino, "Computing and Visualizing Dynamic Time Warping Alignments in R",
2009; as openai-whisper's word timestamps do), and the path → words. NumPy alone; knows no engine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.family import Word

from .decoding import Alignment
from .tokenizer import Tokenizer

#: Seconds of sound for one state of the encoder.
STATE_S = 0.02
#: States that the attention is smoothed over.
_MEDIAN = 7
#: A word at the edge of a phrase gets the pause beside it too; this many times the usual length is kept.
_STRETCH = 2.0
#: Seconds that every word may take, whatever the others of its phrase do.
_ALWAYS_S = 0.7


def aligned(
    attention: NDArray[np.float32], probabilities: NDArray[np.float64], *, first: int, states: int
) -> Alignment:
    """`attention`: [heads, tokens, states], the softmax of the alignment heads for prompt, text and end; the row
    `first` is the one that wrote the text's first token, and what lies behind `states` is padding. `probabilities`: one
    per token of the text."""
    heard = attention[:, :, : max(1, states)]
    heard = heard / np.maximum(heard.sum(axis=-1, keepdims=True), 1e-12)
    spread = heard.std(axis=-2, keepdims=True)
    heard = (heard - heard.mean(axis=-2, keepdims=True)) / np.maximum(spread, 1e-12)
    tokens, times = warped(-_smoothed(heard).mean(axis=0)[first : first + len(probabilities) + 1])
    began = np.flatnonzero(np.diff(tokens, prepend=-1))
    return Alignment(times[began].astype(np.float64) * STATE_S, probabilities)


def warped(cost: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cheapest way through `cost` [rows, columns] from corner to corner, each step right, down or both: the rows
    and the columns that it passes."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    # Cells on one antidiagonal depend on the two before alone: a whole one is computed at once.
    for diagonal in range(rows + columns - 1):
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        column = diagonal - row
        before = np.minimum(total[row, column], np.minimum(total[row, column + 1], total[row + 1, column]))
        total[row + 1, column + 1] = cost[row, column] + before
    path = [(rows - 1, columns - 1)]
    while path[-1] != (0, 0):
        row, column = path[-1]
        steps = {
            (row - 1, column - 1): total[row, column],
            (row - 1, column): total[row, column + 1],
            (row, column - 1): total[row + 1, column],
        }
        path.append(min((step for step in steps if min(step) >= 0), key=lambda step: steps[step]))
    passed = np.array(path[::-1])
    return passed[:, 0], passed[:, 1]


def words_of(
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    times: NDArray[np.float64],
    probabilities: NDArray[np.float64],
    language: str | None,
) -> list[Word]:
    """The words of one phrase. `times`: starts of its tokens, and the end of the last; `probabilities`: one each."""
    words, at = [], 0
    for text, numbers in tokenizer.words(tokens, language):
        end = at + len(numbers)
        if text.strip():
            sure = float(np.clip(np.mean(probabilities[at:end]), 0.0, 1.0))
            words.append(Word(text.strip(), float(times[at]), float(max(times[at], times[end])), sure))
        at = end
    return _without_pauses(words)


def _without_pauses(words: list[Word]) -> list[Word]:
    """The first word begins, and the last one ends, where a word of their phrase would."""
    if not words:
        return words
    durations = sorted(word.end - word.start for word in words)
    usual = durations[(len(durations) - 1) // 2]
    longest = max(_ALWAYS_S, _STRETCH * usual)
    first, last = words[0], words[-1]
    if first.end - first.start > longest:
        words[0] = Word(first.word, first.end - longest, first.end, first.confidence)
    if last is not first and last.end - last.start > longest:
        words[-1] = Word(last.word, last.start, last.start + longest, last.confidence)
    return words


def _smoothed(attention: NDArray[np.float32]) -> NDArray[np.float32]:
    """The median over a few states, the ends mirrored."""
    half = _MEDIAN // 2
    if attention.shape[-1] <= half:
        return attention
    padded = np.pad(attention, ((0, 0), (0, 0), (half, half)), mode="reflect")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, _MEDIAN, axis=-1), axis=-1)
