"""How far an engine is from float32 on a fixed recording, and whether it decodes a window alike in every batch.

The error is that of the text, not of the states: the mean change of the probabilities that the decoder gives to the
tokens that it writes in float32. These are the numbers that greedy decoding compares and that users see as confidences.
The encoder's states are a poor measure: a few large ones make up most of their norm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.weights import converted
from pipelines.engines.reference_speech import reference_speech

from .decoding import Decoded, Decoder, Encoded, Encoder
from .features import FRAMES, log_mel
from .prompt import prompt_tokens, start_sequence
from .tokenizer import Tokenizer

#: Most tokens of the text that is compared, and tokens that are written to see whether a batch changes them.
_LONGEST, _FEW = 32, 2
#: Goes up when what is kept of a reference changes.
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Reference:
    """What a model gives in float32."""

    #: The text of the recording, without special tokens; may be empty where the weights are random.
    tokens: Sequence[int]
    #: Probability of each token after those before it, 0–1.
    probabilities: NDArray[np.float64]


class Examination:
    """The fixed recording as a task for the engines of one model. `tokenizer` is the model's own."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._start = start_sequence(tokenizer, "en", "transcribe")
        self._prompt = prompt_tokens(tokenizer, "en", "transcribe", timestamps=False, text=None, vocabulary=())
        self._end = tokenizer.end
        self._is_multilingual = tokenizer.is_multilingual

    def reference(self, folder: Path, compute: Callable[[], Reference]) -> Reference:
        """What the weights in `folder` give in float32: computed once for each content of the folder, then cached."""

        def write(target: Path) -> None:
            found = compute()
            np.savez(target / "reference.npz", tokens=found.tokens, probabilities=found.probabilities)

        kept = np.load(converted(folder, f"float32-reference-{_VERSION}", write) / "reference.npz")
        return Reference([int(token) for token in kept["tokens"]], kept["probabilities"])

    def states(self, encoder: Encoder, bins: int) -> Encoded:
        """The recording as one window: [1, states, width]."""
        return encoder.encode(log_mel(reference_speech(), bins)[None], _tick)

    def run(self, decoder: Decoder, encoded: Encoded) -> Reference:
        """What a decoder in float32 gives for the recording's `states`."""
        tokens = [token for token in self._written(decoder, encoded, _LONGEST)[0].tokens if token < self._end]
        return Reference(tokens, self._probabilities(decoder, encoded, tokens))

    def error(self, decoder: Decoder, encoded: Encoded, reference: Reference) -> float:
        """Mean absolute change of the probabilities of the reference's tokens, 0–1."""
        if not reference.tokens:
            return 0.0
        found = self._probabilities(decoder, encoded, reference.tokens)
        # What is no number is as far off as can be.
        return float(np.nan_to_num(np.abs(found - reference.probabilities), nan=1.0).mean())

    def is_alike_in_batches(self, decoder: Decoder, encoded: Encoded, rows: int) -> bool:
        """Whether windows come out bit for bit the same alone and in a batch of `rows`. `encoded`: a NumPy array."""
        windows = np.concatenate([encoded, encoded[:, ::-1], encoded / 2])
        numbers = [row % len(windows) for row in range(max(rows, len(windows)))]
        alone = [self._written(decoder, windows[number : number + 1], _FEW)[0] for number in range(len(windows))]
        together = self._written(decoder, windows[numbers], _FEW)
        if together != [alone[number] for number in numbers]:
            return False
        if not self._is_multilingual:
            return True
        languages = [decoder.languages(windows[number : number + 1])[0] for number in range(len(windows))]
        return languages == decoder.languages(windows)

    def _written(self, decoder: Decoder, encoded: Encoded, limit: int) -> list[Decoded]:
        prompts, seeds = [self._prompt] * len(encoded), [0] * len(encoded)
        return decoder.generate(encoded, prompts, decoder.attempts[0], limit=limit, seeds=seeds, tick=_tick)

    def _probabilities(self, decoder: Decoder, encoded: Encoded, tokens: Sequence[int]) -> NDArray[np.float64]:
        if not tokens:
            return np.zeros(0)
        return decoder.align(encoded, self._start, [tokens], [FRAMES])[0].probabilities


def _tick() -> None:
    """Nobody waits for this in particular."""
