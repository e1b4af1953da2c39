"""One stretch of a window while it is being heard: what was asked, what was found, what it comes to.

Knows what a request and its answer are; asks no engine. A window is one stretch, unless its text breaks off before its
end: then the rest is another one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipelines.family import Phrase, RecogniseRequest, Samples, Word

from .alignment import words_of
from .decoding import Alignment, Decoded
from .features import RATE_HZ
from .segments import Segment, segments_of
from .tokenizer import Tokenizer


@dataclass(slots=True)
class Stretch:
    """`samples` of a request's window from `start` seconds on."""

    #: Number of the window in the call.
    window: int
    request: RecogniseRequest
    samples: Samples
    start: float = 0.0
    #: Whisper's name, and how sure the model is of it; None = not detected.
    language: str | None = None
    language_confidence: float | None = None
    #: BCP 47 tag of what the model hears, whatever was asked for, and how sure it is.
    detected: tuple[str | None, float | None] = (None, None)
    decoded: Decoded | None = None
    #: What is kept of the decoded tokens.
    tokens: Sequence[int] = ()
    segments: Sequence[Segment] = field(default=())
    alignment: Alignment | None = None

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE_HZ

    def keep(self, tokenizer: Tokenizer, tokens: Sequence[int]) -> None:
        """Take these tokens for what was said."""
        self.tokens = tokens
        self.segments = [
            segment
            for segment in segments_of(tokenizer, tokens, self.seconds)
            if tokenizer.decode(segment.tokens).strip()
        ]

    def text_tokens(self) -> list[int]:
        """All tokens of text, in order."""
        return [token for segment in self.segments for token in segment.tokens]

    def rest(self, at: float) -> Stretch:
        """What is left to be heard from `at` seconds of this stretch on."""
        return Stretch(
            self.window,
            self.request,
            self.samples[round(at * RATE_HZ) :],
            self.start + at,
            self.language,
            self.language_confidence,
        )

    def phrases(self, tokenizer: Tokenizer) -> Iterator[Phrase]:
        """What was said, seconds from the start of the window. Times go forward and never leave the stretch: the model
        hears 30 s however short it is, and may place words anywhere in them."""
        at, first = 0.0, 0
        for segment in self.segments:
            text = tokenizer.decode(segment.tokens).strip()
            last = first + len(segment.tokens)
            words, sure = self._words(tokenizer, segment, first, last)
            first = last
            start = at = min(max(at, segment.start), self.seconds) if not words else at
            held = []
            for word in words:
                begin = min(max(at, word.start), self.seconds)
                at = min(max(begin, word.end), self.seconds)
                held.append(Word(word.word, self.start + begin, self.start + at, word.confidence))
            if held:
                yield Phrase(text, held[0].start, held[-1].end, sure, tuple(held))
            else:
                at = min(max(start, segment.end), self.seconds)
                yield Phrase(text, self.start + start, self.start + at, sure)

    def _words(self, tokenizer: Tokenizer, segment: Segment, first: int, last: int) -> tuple[list[Word], float]:
        """The words of a segment, and the confidence in it, 0–1: the geometric mean over its tokens."""
        assert self.decoded is not None
        if self.alignment is None:
            return [], min(1.0, math.exp(self.decoded.logprob))
        probabilities = self.alignment.probabilities[first:last]
        sure = float(np.exp(np.mean(np.log(np.maximum(probabilities, 1e-10)))))
        times = self.alignment.times[first : last + 1]
        return words_of(tokenizer, segment.tokens, times, probabilities, self.language), min(1.0, sure)
