"""Assembles synthesised segments into a part: exact pauses, gains, and the places of sentences, words and marks.

Knows samples and counts; nothing of models and files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipelines.errors import EngineFailure
from pipelines.family import Samples, Speech
from pipelines.text.length import estimate_spoken_letters
from pipelines.text.splitting.segment import TextSegment
from pipelines.text.word_marks import WordMark

from .part_file import SpeechPart, SpokenSentence, SpokenWord

#: Seconds of silence after a segment, at speed 1.
PAUSES_S: Mapping[str, float] = {
    "none": 0.0,
    "line": 0.25,
    "sentence": 0.35,
    "paragraph": 0.7,
    "heading": 0.9,
    "break": 1.3,
    "chapter": 1.8,
}
#: Samples up to this level are silence at the edges of a model's output (−56 dB), which is cut but for a margin.
_SILENCE_LEVEL = 50
_MARGIN_S = 0.01


class PartAssembler:
    """Collects the segments of one chunk."""

    def __init__(self, *, sample_rate_hz: int, speed: float, marks: bool, model: str = "") -> None:
        """`sample_rate_hz`: the catalogue's, used until the first sound. `model`: the entry that speaks."""
        self._marks = marks
        self._model = model
        self._speed = speed
        self._rate_hz = sample_rate_hz
        self._has_sound = False
        self._length = 0
        self._segments = 0
        self._samples: list[Samples] = []
        self._sentences: list[SpokenSentence] = []
        self._source_marks: list[tuple[str, int]] = []

    def add(
        self,
        segment: TextSegment,
        speech: Speech | None,
        words: Sequence[WordMark] = (),
        language: str = "",
        *,
        speed: float = 1.0,
        spoken: str | None = None,
    ) -> None:
        """Append a segment, its speech in `language` at `speed` (None for a silence), and the pause after it.

        `words` are marks of the segment's own text, `spoken` is its spoken form (None = the text).
        Raises `EngineFailure` when two voices differ in sampling rate.
        """
        self._segments += 1
        if speech is not None:
            self._append_speech(segment, speech, words, language, speed)
            letters = estimate_spoken_letters(segment.text if spoken is None else spoken)
            self._sentences[-1] = replace(self._sentences[-1], spoken_letters=letters)
        else:
            self._source_marks += [(name, self._length) for name, _ in segment.marks]
        silence_s = PAUSES_S[segment.pause] / self._speed if segment.silence_s is None else segment.silence_s
        self._append(np.zeros(round(silence_s * self._rate_hz), np.int16))

    def part(self, chapter: int, warnings: Sequence[str] = ()) -> SpeechPart:
        """The part of all segments so far."""
        samples = np.concatenate(self._samples) if self._samples else np.zeros(0, np.int16)
        marks = tuple(self._source_marks) if self._marks else ()
        return SpeechPart(chapter, self._rate_hz, samples, tuple(self._sentences), marks, tuple(warnings))

    def _append_speech(
        self, segment: TextSegment, speech: Speech, words: Sequence[WordMark], language: str, speed: float
    ) -> None:
        self._set_sample_rate(speech.sample_rate_hz)
        first, last = sound = _find_sound(speech.samples, round(_MARGIN_S * self._rate_hz))
        located = [self._locate_word(segment.text, mark, first, last) for mark in words] if self._marks else []
        end = self._length + last - first
        sentence = SpokenSentence(
            segment.text,
            self._length,
            end,
            tuple(located),
            segment.pause,
            self._segments - 1,
            language,
            self._model,
            speed,
            model_faults=tuple(speech.faults),
        )
        self._sentences.append(sentence)
        self._source_marks += [
            (name, self._length + _locate_mark(segment.text, at, words, self._rate_hz, sound))
            for name, at in segment.marks
        ]
        self._append(_apply_gain(speech.samples[first:last], segment.style.gain_db))

    def _set_sample_rate(self, rate_hz: int) -> None:
        if rate_hz == self._rate_hz:
            self._has_sound = True
            return
        if self._has_sound:
            raise EngineFailure(
                f"A voice speaks at {rate_hz} Hz and another one of the same job at {self._rate_hz} Hz; "
                "voices of one job must agree."
            )
        # Only silence so far, counted at the catalogue's rate.
        self._length = round(self._length * rate_hz / self._rate_hz)
        self._source_marks = [(name, round(at * rate_hz / self._rate_hz)) for name, at in self._source_marks]
        self._samples = [np.zeros(self._length, np.int16)]
        self._rate_hz, self._has_sound = rate_hz, True

    def _append(self, samples: Samples) -> None:
        self._samples.append(samples)
        self._length += len(samples)

    def _locate_word(self, text: str, mark: WordMark, first: int, last: int) -> SpokenWord:
        """A mark of the family in samples of the part, within the sound that was kept."""
        start, end = (
            self._length + min(max(round(seconds * self._rate_hz), first), last) - first
            for seconds in (mark.start_s, mark.end_s)
        )
        return SpokenWord(text[mark.start_char : mark.end_char], start, max(start, end))


def _locate_mark(text: str, at: int, words: Sequence[WordMark], rate_hz: int, sound: tuple[int, int]) -> int:
    """The sample of the kept `sound` at which character `at` begins: by the word marks, else in proportion."""
    first, last = sound
    if at <= 0 or not text[:at].strip():
        return 0
    if not text[at:].strip():
        return last - first
    seconds = next((word.start_s for word in words if word.start_char >= at), None)
    if seconds is None:
        return round((last - first) * at / len(text))
    return min(max(round(seconds * rate_hz), first), last) - first


def _apply_gain(samples: Samples, gain_db: float | None) -> Samples:
    if gain_db == 0.0:
        return samples
    gain = 0.0 if gain_db is None else 10.0 ** (gain_db / 20)
    return np.clip(np.rint(samples * gain), -32_768, 32_767).astype(np.int16)


def _find_sound(samples: Samples, margin: int) -> tuple[int, int]:
    """The range [start, end) of the sound with `margin` samples on both sides; (0, 0) for silence."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _SILENCE_LEVEL)
    if not len(loud):
        return 0, 0
    return max(0, int(loud[0]) - margin), min(len(samples), int(loud[-1]) + 1 + margin)
