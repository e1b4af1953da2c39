"""Spoken pieces one behind the other: exact pauses, levels, and where every sentence, word and mark is.

Knows samples and counts; nothing of models and files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.errors import EngineFailure
from pipelines.family import Samples, Speech, WordMark
from pipelines.text.splitting.chunks import Piece

from .part_file import SpeechPart, SpokenSentence, SpokenWord

#: Seconds of silence behind a piece, at speed 1.
PAUSES_S: Mapping[str, float] = {
    "none": 0.0,
    "sentence": 0.35,
    "paragraph": 0.7,
    "heading": 0.9,
    "break": 1.3,
    "chapter": 1.8,
}
#: Samples below this are silence at the edges of what a voice says (−56 dB); what is kept beside the sound, in seconds.
_FLOOR = 50
_MARGIN_S = 0.01


class SpeechAssembly:
    """The part that a chunk becomes."""

    def __init__(self, *, sample_rate_hz: int, speed: float, marks: bool, model: str = "") -> None:
        """`sample_rate_hz` counts silence until the first piece says what the voice really has; `model` speaks."""
        self._marks = marks
        self._model = model
        self._speed = speed
        self._rate_hz = sample_rate_hz
        self._has_sound = False
        self._length = 0
        self._pieces = 0
        self._samples: list[Samples] = []
        self._sentences: list[SpokenSentence] = []
        self._named: list[tuple[str, int]] = []

    def add(
        self,
        piece: Piece,
        speech: Speech | None,
        words: Sequence[WordMark] = (),
        language: str = "",
        *,
        speed: float = 1.0,
    ) -> None:
        """A piece and what was said for it in `language` at `speed` (None for a silence), its pause behind it.

        `words` are marks of the piece's own text. Raises `EngineFailure` when two voices differ in sampling rate.
        """
        self._pieces += 1
        if speech is not None:
            self._say(piece, speech, words, language, speed)
        else:
            self._named += [(name, self._length) for name, _ in piece.marks]
        silence_s = PAUSES_S[piece.pause] / self._speed if piece.silence_s is None else piece.silence_s
        self._append(np.zeros(round(silence_s * self._rate_hz), np.int16))

    def part(self, chapter: int, warnings: Sequence[str] = ()) -> SpeechPart:
        """All that was added."""
        samples = np.concatenate(self._samples) if self._samples else np.zeros(0, np.int16)
        named = tuple(self._named) if self._marks else ()
        return SpeechPart(chapter, self._rate_hz, samples, tuple(self._sentences), named, tuple(warnings))

    def _say(self, piece: Piece, speech: Speech, words: Sequence[WordMark], language: str, speed: float) -> None:
        self._keep_rate(speech.sample_rate_hz)
        first, last = kept = _sounding(speech.samples, round(_MARGIN_S * self._rate_hz))
        spoken = [self._word(piece.text, mark, first, last) for mark in words] if self._marks else []
        end = self._length + last - first
        sentence = SpokenSentence(
            piece.text,
            self._length,
            end,
            tuple(spoken),
            piece.pause,
            self._pieces - 1,
            language,
            self._model,
            speed,
            told=tuple(speech.faults),
        )
        self._sentences.append(sentence)
        self._named += [
            (name, self._length + _place(piece.text, at, words, self._rate_hz, kept)) for name, at in piece.marks
        ]
        self._append(_levelled(speech.samples[first:last], piece.style.gain_db))

    def _keep_rate(self, rate_hz: int) -> None:
        if rate_hz == self._rate_hz:
            self._has_sound = True
            return
        if self._has_sound:
            raise EngineFailure(
                f"A voice speaks at {rate_hz} Hz and another one of the same job at {self._rate_hz} Hz; "
                "voices of one job must agree."
            )
        # Only silence so far, counted at the rate that the catalogue promises.
        self._length = round(self._length * rate_hz / self._rate_hz)
        self._named = [(name, round(at * rate_hz / self._rate_hz)) for name, at in self._named]
        self._samples = [np.zeros(self._length, np.int16)]
        self._rate_hz, self._has_sound = rate_hz, True

    def _append(self, samples: Samples) -> None:
        self._samples.append(samples)
        self._length += len(samples)

    def _word(self, text: str, mark: WordMark, first: int, last: int) -> SpokenWord:
        """The engine's mark in samples of the part, within the sound that was kept."""
        start, end = (
            self._length + min(max(round(seconds * self._rate_hz), first), last) - first
            for seconds in (mark.start_s, mark.end_s)
        )
        return SpokenWord(text[mark.start_char : mark.end_char], start, max(start, end))


def _place(text: str, at: int, words: Sequence[WordMark], rate_hz: int, kept: tuple[int, int]) -> int:
    """Sample of the kept sound at which character `at` begins: exact at both ends, by the engine's words between."""
    first, last = kept
    if at <= 0 or not text[:at].strip():
        return 0
    if not text[at:].strip():
        return last - first
    seconds = next((word.start_s for word in words if word.start_char >= at), None)
    if seconds is None:
        return round((last - first) * at / len(text))
    return min(max(round(seconds * rate_hz), first), last) - first


def _levelled(samples: Samples, gain_db: float | None) -> Samples:
    if gain_db == 0.0:
        return samples
    gain = 0.0 if gain_db is None else 10.0 ** (gain_db / 20)
    return np.clip(np.rint(samples * gain), -32_768, 32_767).astype(np.int16)


def _sounding(samples: Samples, margin: int) -> tuple[int, int]:
    """Where the sound begins and ends, a little air included; (0, 0) for silence."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _FLOOR)
    if not len(loud):
        return 0, 0
    return max(0, int(loud[0]) - margin), min(len(samples), int(loud[-1]) + 1 + margin)
