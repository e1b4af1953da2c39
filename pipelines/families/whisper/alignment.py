"""Times of tokens and words from the decoder's cross-attention.

Attention → path by dynamic time warping (Giorgino, "Computing and Visualizing Dynamic Time Warping Alignments in R",
2009; as in openai-whisper's word timestamps), and the path → words. NumPy only; knows no engine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.family import Word

from .decoding import TokenAlignment
from .tokenizer import Tokenizer

#: Seconds of audio per state of the encoder.
STATE_S = 0.02
#: States that the attention is smoothed over.
_MEDIAN = 7
#: Longest duration of the first and last word of a phrase, whose times include the pause beside them, in multiples of
#: the phrase's median.
_MAX_RATIO = 2.0
#: Seconds that every word may take, whatever the median of its phrase is.
_ALLOWED_S = 0.7


def align_tokens(
    attention: NDArray[np.float32], probabilities: NDArray[np.float64], *, first: int, states: int
) -> TokenAlignment:
    """`attention`: [heads, tokens, states], the softmax of the alignment heads for prompt, text and end. The row
    `first` is the one that predicted the text's first token; states from `states` on are padding. `probabilities`: one
    per token of the text."""
    weights = attention[:, :, : max(1, states)]
    weights = weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1e-12)
    deviation = weights.std(axis=-2, keepdims=True)
    weights = (weights - weights.mean(axis=-2, keepdims=True)) / np.maximum(deviation, 1e-12)
    tokens, times = find_warping_path(-_smooth(weights).mean(axis=0)[first : first + len(probabilities) + 1])
    starts = np.flatnonzero(np.diff(tokens, prepend=-1))
    return TokenAlignment(times[starts].astype(np.float64) * STATE_S, probabilities)


def find_warping_path(cost: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The path of least cost through `cost` [rows, columns] from the first to the last cell, with steps right, down or
    both: its rows and its columns."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    # Cells of an antidiagonal depend only on the two before, so that a whole one is computed at once.
    for diagonal in range(rows + columns - 1):
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        column = diagonal - row
        best = np.minimum(total[row, column], np.minimum(total[row, column + 1], total[row + 1, column]))
        total[row + 1, column + 1] = cost[row, column] + best
    path = [(rows - 1, columns - 1)]
    while path[-1] != (0, 0):
        row, column = path[-1]
        steps = {
            (row - 1, column - 1): total[row, column],
            (row - 1, column): total[row, column + 1],
            (row, column - 1): total[row + 1, column],
        }
        path.append(min((step for step in steps if min(step) >= 0), key=lambda step: steps[step]))
    cells = np.array(path[::-1])
    return cells[:, 0], cells[:, 1]


def build_words(
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
            confidence = float(np.clip(np.mean(probabilities[at:end]), 0.0, 1.0))
            words.append(Word(text.strip(), float(times[at]), float(max(times[at], times[end])), confidence))
        at = end
    return _trim_pauses(words)


def _trim_pauses(words: list[Word]) -> list[Word]:
    """Limit the durations of the first and the last word, which may include a pause."""
    if not words:
        return words
    durations = sorted(word.end - word.start for word in words)
    median = durations[(len(durations) - 1) // 2]
    longest = max(_ALLOWED_S, _MAX_RATIO * median)
    first, last = words[0], words[-1]
    if first.end - first.start > longest:
        words[0] = Word(first.word, first.end - longest, first.end, first.confidence)
    if last is not first and last.end - last.start > longest:
        words[-1] = Word(last.word, last.start, last.start + longest, last.confidence)
    return words


def _smooth(attention: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median filter over the states, padded by reflection."""
    half = _MEDIAN // 2
    if attention.shape[-1] <= half:
        return attention
    padded = np.pad(attention, ((0, 0), (0, 0), (half, half)), mode="reflect")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, _MEDIAN, axis=-1), axis=-1)
