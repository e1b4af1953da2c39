"""The interface of the engines that run Whisper's weights: an encoder of spectrograms and a decoder of tokens.

Implemented in `engines`: `ctranslate2_model`, `torch_model`, `torch_encoder` and `onnx_encoder`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.family import Tick

#: Encoder states, [windows, 1500, width]: an array or a tensor of the engine, indexable by a list of windows.
Encoded = Any


@dataclass(frozen=True, slots=True)
class DecodeAttempt:
    """The settings of one attempt to decode a window."""

    beam: int = 1
    #: 0 = always the most probable token; above, tokens are sampled with the request's seed.
    temperature: float = 0.0
    #: Length of token sequences that must not be repeated; 0 = no limit.
    no_repeat: int = 0
    repetition_penalty: float = 1.0


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The decoded text of one window."""

    #: With timestamps, without prompt and end token.
    tokens: Sequence[int]
    #: Mean natural logarithm of the tokens' probabilities, including the end token.
    logprob: float
    #: Probability of no speech, from the first prediction.
    no_speech: float


@dataclass(frozen=True, slots=True)
class TokenAlignment:
    """The times of the tokens of a text."""

    #: Start of each token in seconds, and the end of the last one.
    times: NDArray[np.float64]
    #: Probability of each token, 0–1.
    probabilities: NDArray[np.float64]


class EncoderEngine(Protocol):
    """Maps spectrograms to encoder states."""

    name: str

    def encode(self, mels: NDArray[np.float32], tick: Tick) -> Encoded:
        """States of spectrograms [windows, bins, 3000]."""

    def close(self) -> None:
        """Release the engine's resources."""


class DecoderEngine(Protocol):
    """Maps encoder states to tokens. The result for a window does not depend on the others."""

    name: str
    #: Attempts in order; the next one is made where the result is doubtful.
    attempts: Sequence[DecodeAttempt]
    #: Mel bins of its weights.
    bins: int

    def detect_languages(self, encoded: Encoded) -> list[tuple[str, float]]:
        """The most probable language of each window (Whisper's name), and its probability among all languages."""

    def generate(
        self,
        encoded: Encoded,
        prompts: Sequence[Sequence[int]],
        attempt: DecodeAttempt,
        *,
        limit: int,
        seeds: Sequence[int],
        tick: Tick,
    ) -> list[DecodedText]:
        """One text for each window, of at most `limit` tokens. Prompts have equal lengths."""

    def align(
        self, encoded: Encoded, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[TokenAlignment]:
        """Times of texts (without special tokens, not empty) from the attention of the alignment heads. `frames`:
        frames of each spectrogram without padding."""

    def close(self) -> None:
        """Release the engine's resources."""
