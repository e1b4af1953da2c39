"""A part of a request's window during decoding: its audio, its decoded text, and the resulting phrases.

Calls no engine. A request has one segment window, unless its text breaks off early: then the remainder is another one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipelines.audio.sound_ends import SoundEnds
from pipelines.family import Phrase, Samples, TranscriptionInput, Word

from .alignment import build_words
from .decoding import DecodedText, Encoded, TokenAlignment
from .features import RATE_HZ
from .segments import Segment, split_segments
from .tokenizer import Tokenizer


@dataclass(slots=True)
class SegmentWindow:
    """The audio of a request from `start` seconds on."""

    #: Number of the request in the call.
    request_number: int
    request: TranscriptionInput
    samples: Samples
    start: float = 0.0
    #: Whisper's name of the language, and its probability; None = not detected.
    language: str | None = None
    language_confidence: float | None = None
    #: BCP 47 tag of the detected language, whatever the request names, and its probability.
    detected: tuple[str | None, float | None] = (None, None)
    #: The window of which this is the remainder, and its encoder states.
    previous: tuple[SegmentWindow, Encoded] | None = field(default=None, repr=False)
    #: Where the text breaks off and the remainder begins, in seconds of this window; None = it does not.
    breaks_off_at: float | None = None
    decoded: DecodedText | None = None
    #: The accepted ones of the decoded tokens.
    tokens: Sequence[int] = ()
    segments: Sequence[Segment] = field(default=())
    alignment: TokenAlignment | None = None

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE_HZ

    @property
    def text_seconds(self) -> float:
        """The seconds from the start that the text is of."""
        return self.seconds if self.breaks_off_at is None else self.breaks_off_at

    def set_tokens(self, tokenizer: Tokenizer, tokens: Sequence[int]) -> None:
        """Set the accepted tokens, and split them into segments."""
        self.tokens = tokens
        self.segments = [
            segment
            for segment in split_segments(tokenizer, tokens, self.text_seconds)
            if tokenizer.decode(segment.tokens).strip()
        ]

    def text_tokens(self) -> list[int]:
        """All tokens of text, in order."""
        return [token for segment in self.segments for token in segment.tokens]

    def create_remainder(self, at: float, encoded: Encoded) -> SegmentWindow:
        """A window for the audio from `at` seconds of this one on. `encoded`: the encoder states of this one."""
        return SegmentWindow(
            self.request_number,
            self.request,
            self.samples[round(at * RATE_HZ) :],
            self.start + at,
            self.language,
            self.language_confidence,
            previous=(self, encoded),
        )

    def phrases(self, tokenizer: Tokenizer) -> Iterator[Phrase]:
        """The phrases, seconds from the start of the request's window. Times ascend and are clipped to what the text is
        of: the model's input is always 30 s long, and it may place words anywhere in them. A word ends with its sound:
        the alignment lets it last until the next one begins."""
        at, first, until = 0.0, 0, self.text_seconds
        sound = SoundEnds(self.samples)
        for segment in self.segments:
            text = tokenizer.decode(segment.tokens).strip()
            last = first + len(segment.tokens)
            words, confidence = self._build_words(tokenizer, segment, first, last)
            first = last
            start = at = min(max(at, segment.start), until) if not words else at
            clipped = []
            for word in words:
                begin = min(max(at, word.start), until)
                at = min(max(begin, word.end), until)
                end = sound.end_of(begin, at)
                clipped.append(Word(word.word, self.start + begin, self.start + end, word.confidence))
            if clipped:
                yield Phrase(text, clipped[0].start, clipped[-1].end, confidence, tuple(clipped))
            else:
                at = min(max(start, segment.end), until)
                yield Phrase(text, self.start + start, self.start + at, confidence)

    def _build_words(self, tokenizer: Tokenizer, segment: Segment, first: int, last: int) -> tuple[list[Word], float]:
        """The words of a segment, and its confidence, 0–1: the geometric mean of its tokens' probabilities."""
        assert self.decoded is not None
        if self.alignment is None:
            return [], min(1.0, math.exp(self.decoded.logprob))
        probabilities = self.alignment.probabilities[first:last]
        confidence = float(np.exp(np.mean(np.log(np.maximum(probabilities, 1e-10)))))
        times = self.alignment.times[first : last + 1]
        return build_words(tokenizer, segment.tokens, times, probabilities, self.language), min(1.0, confidence)
