"""Thresholds that decide whether a decoded text is accepted: repetition, low probability, and silence.

The thresholds are those of openai-whisper's `transcribe`. Loops and the level of the audio are checked besides, because
a model in a loop, or one that generates memorised film credits for silence, often reports high probabilities.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .decoding import DecodedText

#: Longest sequence of tokens that is searched for as the unit of a loop.
_MAX_PERIOD = 32
#: Least repetitions of the unit, and least tokens in all, of a loop.
_MIN_REPETITIONS, _MIN_LOOP_TOKENS = 4, 16


@dataclass(frozen=True, slots=True)
class DecodeThresholds:
    """Limits; `inf` or `-inf` disables one."""

    #: Highest compression ratio of the text; above, it is repetitive.
    compression: float = 2.4
    #: Lowest mean log-probability of the tokens; below, the text is doubtful.
    logprob: float = -1.0
    #: Probability of no speech above which a window is silent if its text is doubtful or its level is low.
    no_speech: float = 0.6
    #: Level of a window that counts as low, in dB of full scale …
    weak_db: float = -50.0
    #: … and level below which a window is not decoded. Intelligible speech is far above.
    silent_db: float = -72.0
    #: Whether loops are detected.
    loops: bool = True

    def is_doubtful(self, decoded: DecodedText, text: str) -> bool:
        """Whether another attempt is needed."""
        if decoded.no_speech > self.no_speech and decoded.logprob < self.logprob:
            return False  # the window is silent
        return self._is_repetitive(decoded, text) or decoded.logprob < self.logprob

    def rank(self, decoded: DecodedText, text: str) -> tuple[bool, float]:
        """Sort key of attempts; smaller is better."""
        return self._is_repetitive(decoded, text), -decoded.logprob

    def is_silence(self, decoded: DecodedText, level_db: float) -> bool:
        """Whether the text is to be dropped: no speech was detected, and the text is doubtful or the level is low."""
        if decoded.no_speech <= self.no_speech:
            return False
        return decoded.logprob < self.logprob or level_db < self.weak_db

    def _is_repetitive(self, decoded: DecodedText, text: str) -> bool:
        return compression_ratio(text) > self.compression or (self.loops and find_loop(decoded.tokens) is not None)


def compression_ratio(text: str) -> float:
    """Size of the text in bytes divided by that of its compressed form; 0 for no text."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def find_loop(tokens: Sequence[int]) -> tuple[int, int] | None:
    """Start of the first loop and length of its unit: a sequence of tokens repeated at least four times in a row."""
    numbers = np.asarray(tokens)
    found: tuple[int, int] | None = None
    for period in range(1, min(_MAX_PERIOD, len(numbers) // _MIN_REPETITIONS) + 1):
        needed = max(_MIN_LOOP_TOKENS, _MIN_REPETITIONS * period) - period
        same = numbers[period:] == numbers[:-period]
        if len(same) < needed:
            break
        runs = np.convolve(same, np.ones(needed, int), mode="valid") == needed
        if runs.any() and (found is None or int(runs.argmax()) < found[0]):
            found = int(runs.argmax()), period
    return found


def remove_loops(tokens: Sequence[int]) -> list[int]:
    """The tokens with the unit of each loop kept once."""
    kept = list(tokens)
    while (loop := find_loop(kept)) is not None:
        start, period = loop
        end = start + period
        while kept[end : end + period] == kept[start : start + period]:
            end += period
        kept[start + period : end] = []
    return kept


def measure_level_db(samples: NDArray[np.int16]) -> float:
    """Level of the loudest tenth of a second, root mean square in dB of full scale; -inf for digital silence."""
    blocks = [samples[at : at + 1_600].astype(np.float32) for at in range(0, len(samples), 1_600)]
    loudest = max((float(np.sqrt(np.mean(block**2))) for block in blocks), default=0.0)
    return 20.0 * float(np.log10(loudest / 32_768)) if loudest else float("-inf")
