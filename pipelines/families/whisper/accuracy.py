"""Accuracy of an engine: its deviation from float32 on a fixed recording, and whether batches change its results.

The error is measured on the text: the mean absolute difference of the probabilities that the decoder gives to the
tokens of its text in float32. Greedy decoding compares these numbers, and users get them as confidences. The encoder's
states are a poor measure: a few large ones make up most of their norm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.checkpoint import convert_cached
from pipelines.engines.reference_speech import load_reference_speech

from .decoding import DecodedText, DecoderEngine, Encoded, EncoderEngine
from .features import FRAMES, compute_log_mel
from .prompt import build_prompt, build_start_sequence
from .tokenizer import Tokenizer

#: Most tokens of the compared text, and tokens that are generated to compare batches.
_MAX_TOKENS, _BATCH_TOKENS = 32, 2
#: Version of the cached reference; increases when its content changes.
_VERSION = 1


@dataclass(frozen=True, slots=True)
class ReferenceOutput:
    """The output of a model in float32."""

    #: The text of the recording, without special tokens; may be empty for random weights.
    tokens: Sequence[int]
    #: Probability of each token given those before it, 0–1.
    probabilities: NDArray[np.float64]


class AccuracyCheck:
    """Measures the engines of one model on the fixed recording. `tokenizer` is the model's own."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._start = build_start_sequence(tokenizer, "en", "transcribe")
        self._prompt = build_prompt(tokenizer, "en", "transcribe", timestamps=False, text=None, vocabulary=())
        self._end = tokenizer.end
        self._is_multilingual = tokenizer.is_multilingual

    def load_reference(self, folder: Path, compute: Callable[[], ReferenceOutput]) -> ReferenceOutput:
        """The reference of the weights in `folder`: computed once per content of the folder, then cached."""

        def write(target: Path) -> None:
            found = compute()
            np.savez(target / "reference.npz", tokens=found.tokens, probabilities=found.probabilities)

        cached = np.load(convert_cached(folder, f"float32-reference-{_VERSION}", write) / "reference.npz")
        return ReferenceOutput([int(token) for token in cached["tokens"]], cached["probabilities"])

    def encode(self, encoder: EncoderEngine, bins: int) -> Encoded:
        """The encoder states of the recording as one window: [1, states, width]."""
        return encoder.encode(compute_log_mel(load_reference_speech(), bins)[None], _tick)

    def compute_reference(self, decoder: DecoderEngine, encoded: Encoded) -> ReferenceOutput:
        """The output of a decoder in float32 for the result of `encode`."""
        tokens = [token for token in self._generate(decoder, encoded, _MAX_TOKENS)[0].tokens if token < self._end]
        return ReferenceOutput(tokens, self._compute_probabilities(decoder, encoded, tokens))

    def measure_error(self, decoder: DecoderEngine, encoded: Encoded, reference: ReferenceOutput) -> float:
        """Mean absolute difference of the probabilities of the reference's tokens, 0–1."""
        if not reference.tokens:
            return 0.0
        found = self._compute_probabilities(decoder, encoded, reference.tokens)
        # NaN counts as the largest error.
        return float(np.nan_to_num(np.abs(found - reference.probabilities), nan=1.0).mean())

    def is_equal_in_batches(self, decoder: DecoderEngine, encoded: Encoded, rows: int) -> bool:
        """Whether results of windows are bit-identical alone and in a batch of `rows`. `encoded`: a NumPy array."""
        windows = np.concatenate([encoded, encoded[:, ::-1], encoded / 2])
        numbers = [row % len(windows) for row in range(max(rows, len(windows)))]
        alone = [
            self._generate(decoder, windows[number : number + 1], _BATCH_TOKENS)[0] for number in range(len(windows))
        ]
        together = self._generate(decoder, windows[numbers], _BATCH_TOKENS)
        if together != [alone[number] for number in numbers]:
            return False
        if not self._is_multilingual:
            return True
        languages = [decoder.detect_languages(windows[number : number + 1])[0] for number in range(len(windows))]
        return languages == decoder.detect_languages(windows)

    def _generate(self, decoder: DecoderEngine, encoded: Encoded, limit: int) -> list[DecodedText]:
        prompts, seeds = [self._prompt] * len(encoded), [0] * len(encoded)
        return decoder.generate(encoded, prompts, decoder.attempts[0], limit=limit, seeds=seeds, tick=_tick)

    def _compute_probabilities(
        self, decoder: DecoderEngine, encoded: Encoded, tokens: Sequence[int]
    ) -> NDArray[np.float64]:
        if not tokens:
            return np.zeros(0)
        return decoder.align(encoded, self._start, [tokens], [FRAMES])[0].probabilities


def _tick() -> None:
    """Loading a model is not interrupted."""
