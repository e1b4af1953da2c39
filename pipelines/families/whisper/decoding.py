"""The seam between the family and what runs its weights: an encoder of spectrograms and a decoder of tokens.

Knows shapes and meanings of what passes; implemented by ctranslate2_model.py, torch_model.py and the encoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.family import Tick

#: Encoded windows, [windows, 1500, width]: an array or a tensor of the engine, indexable by a list of windows.
Encoded = Any


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to search for the text of a window."""

    beam: int = 1
    #: 0 = always the likeliest token; above, tokens are drawn, by the seed of the request.
    temperature: float = 0.0
    #: Runs of so many tokens never come twice; 0 = they may.
    no_repeat: int = 0
    repetition_penalty: float = 1.0


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was written for one window."""

    #: With timestamps, without prompt and without the end.
    tokens: Sequence[int]
    #: Mean natural logarithm of the tokens' probabilities, the end among them.
    logprob: float
    #: Probability that nobody speaks, before anything was written.
    no_speech: float


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where the tokens of a text are in the sound."""

    #: Seconds at which each token begins, and, as one more, at which the last one ends.
    times: NDArray[np.float64]
    #: Probability of each token, 0–1.
    probabilities: NDArray[np.float64]


class Encoder(Protocol):
    """Spectrograms in, states out."""

    name: str

    def encode(self, mels: NDArray[np.float32], tick: Tick) -> Encoded:
        """States of spectrograms [windows, bins, 3000]."""

    def close(self) -> None: ...


class Decoder(Protocol):
    """States in, tokens out. Each window is decoded as if it were alone."""

    name: str
    #: Ways to search, the next one tried where the last is doubtful.
    attempts: Sequence[Attempt]
    #: Mel bins that its weights expect.
    bins: int

    def languages(self, encoded: Encoded) -> list[tuple[str, float]]:
        """The likeliest language of each window by Whisper's name, and its probability among all languages."""

    def generate(
        self,
        encoded: Encoded,
        prompts: Sequence[Sequence[int]],
        attempt: Attempt,
        *,
        limit: int,
        seeds: Sequence[int],
        tick: Tick,
    ) -> list[Decoded]:
        """One text for each window, of `limit` tokens at most. Prompts have equal lengths."""

    def align(
        self, encoded: Encoded, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        """Times of texts (no special tokens, none empty) by the attention of the decoder's alignment heads; `frames`
        of each spectrogram hold sound."""

    def close(self) -> None: ...
