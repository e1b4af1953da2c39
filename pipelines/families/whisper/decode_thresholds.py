"""Whether a text is to be believed: does it repeat itself, did the model doubt it, did anybody speak at all?

Thresholds are those of openai-whisper's `transcribe`; loops and silence are judged here beside them, since a model in a
loop, or one that has learnt the credits of films, is often quite sure of itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .decoding import Decoded

#: Longest run of tokens that is looked for as the unit of a loop.
_PERIOD = 32
#: So often the same run on end, and so many tokens in all, are no way of speaking.
_ROUNDS, _LOOP = 4, 16


@dataclass(frozen=True, slots=True)
class Gates:
    """Limits; `inf` or `-inf` opens a gate."""

    #: Bytes of text for one byte of its compressed form; above, it repeats itself.
    compression: float = 2.4
    #: Mean log-probability of the tokens; below, the model did not believe it.
    logprob: float = -1.0
    #: Probability of no speech; above, silence is believed where the text is doubtful or the sound is weak.
    no_speech: float = 0.6
    #: Level of a window under which its sound is weak, dB of full scale …
    weak_db: float = -50.0
    #: … and under which nobody is asked what was said. Speech that can be understood is far above.
    silent_db: float = -72.0
    #: Whether loops are looked for.
    loops: bool = True

    def is_doubtful(self, decoded: Decoded, text: str) -> bool:
        """Whether another attempt is worth while."""
        if decoded.no_speech > self.no_speech and decoded.logprob < self.logprob:
            return False  # silence is the better explanation
        return self._repeats(decoded, text) or decoded.logprob < self.logprob

    def rank(self, decoded: Decoded, text: str) -> tuple[bool, float]:
        """Of two attempts the one with the smaller rank is the better."""
        return self._repeats(decoded, text), -decoded.logprob

    def is_silence(self, decoded: Decoded, level_db: float) -> bool:
        """Whether the text is to be dropped: the model hears nobody, and does not believe the text or hears little."""
        if decoded.no_speech <= self.no_speech:
            return False
        return decoded.logprob < self.logprob or level_db < self.weak_db

    def _repeats(self, decoded: Decoded, text: str) -> bool:
        return compression_ratio(text) > self.compression or (self.loops and loop_in(decoded.tokens) is not None)


def compression_ratio(text: str) -> float:
    """Bytes of the text for one byte of it compressed; 0 for no text."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def loop_in(tokens: Sequence[int]) -> tuple[int, int] | None:
    """Where the first loop begins and how long its unit is: a run of tokens that comes at least four times on end."""
    numbers = np.asarray(tokens)
    found: tuple[int, int] | None = None
    for period in range(1, min(_PERIOD, len(numbers) // _ROUNDS) + 1):
        needed = max(_LOOP, _ROUNDS * period) - period
        same = numbers[period:] == numbers[:-period]
        if len(same) < needed:
            break
        runs = np.convolve(same, np.ones(needed, int), mode="valid") == needed
        if runs.any() and (found is None or int(runs.argmax()) < found[0]):
            found = int(runs.argmax()), period
    return found


def without_loop(tokens: Sequence[int]) -> list[int]:
    """The tokens with a loop said once; what comes after it stays."""
    kept = list(tokens)
    while (loop := loop_in(kept)) is not None:
        start, period = loop
        end = start + period
        while kept[end : end + period] == kept[start : start + period]:
            end += period
        kept[start + period : end] = []
    return kept


def level_db(samples: NDArray[np.int16]) -> float:
    """The loudest tenth of a second, root mean square in dB of full scale; -inf for digital silence."""
    blocks = [samples[at : at + 1_600].astype(np.float32) for at in range(0, len(samples), 1_600)]
    loudest = max((float(np.sqrt(np.mean(block**2))) for block in blocks), default=0.0)
    return 20.0 * float(np.log10(loudest / 32_768)) if loudest else float("-inf")
