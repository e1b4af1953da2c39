"""A family without a model: synthesis encodes words as tones, and recognition decodes them.

Read this family first. Tests use it: both directions are deterministic, exact and thousands of times faster than real
time. Each byte of a word (UTF-8) is a short burst of two sines, as in telephone dialling: a low one for its upper four
bits, a high one for its lower four. Bursts of a word are separated by a short gap, words by a pause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.entry import RecognitionEntry, SynthesisEntry
from pipelines.family import Phrase, Recognition, Speech, SynthesisInput, Tick, TranscriptionInput, Voice, Word
from pipelines.text.word_marks import WordMark

RATE_HZ = 16_000
_LOW_HZ = 600 + 150 * np.arange(16)
_HIGH_HZ = 3_300 + 200 * np.arange(16)
#: Seconds at speed 1: a burst, the gap after it, and the pause between words.
_BURST_S, _GAP_S, _PAUSE_S = 0.020, 0.005, 0.080
_AMPLITUDE = 0.3 * 32_767
#: Recognition uses frames of 1 ms. Gaps last 2.5 to 10 ms, pauses 40 ms and more, those between phrases 300 ms.
_FRAME = RATE_HZ // 1000
#: Frames of silence that end a word, and a phrase.
_WORD_GAP = 20
_PHRASE_GAP = 300
#: Lowest level of a burst.
_FLOOR = 0.02 * 32_768


def load_synthesiser(entry: SynthesisEntry, device: str) -> ToneSynthesiser:
    """The synthesiser; needs no device."""
    return ToneSynthesiser(entry)


def load_recogniser(entry: RecognitionEntry, device: str) -> ToneRecogniser:
    """The recogniser; needs no device."""
    return ToneRecogniser(entry)


def voices(entry: SynthesisEntry | None = None) -> list[Voice]:
    """The only voice; it supports every language."""
    return [Voice(id="tone", name="Tone", language="und", family="tone", sample_rate_hz=RATE_HZ)]


class ToneSynthesiser:
    """See `SpeechFamily`."""

    revision = "1"
    engine = "numpy"

    def __init__(self, entry: SynthesisEntry) -> None:
        self.entry = entry

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`."""
        results = []
        for request in requests:
            tick()
            results.append(_encode(request.text, request.speed))
        return results

    def close(self) -> None:
        """See `SpeechFamily`."""


class ToneRecogniser:
    """See `RecognitionFamily`."""

    revision = "1"
    engine = "numpy"

    def __init__(self, entry: RecognitionEntry) -> None:
        self.entry = entry

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
        """See `RecognitionFamily`."""
        results = []
        for request in requests:
            tick()
            # Tones have no language: the requested one is returned.
            results.append(Recognition(tuple(_decode(request.samples)), request.language, None))
        return results

    def close(self) -> None:
        """See `RecognitionFamily`."""


def _encode(text: str, speed: float) -> Speech:
    burst, gap, pause = (round(seconds / speed * RATE_HZ) for seconds in (_BURST_S, _GAP_S, _PAUSE_S))
    times = np.arange(burst) / RATE_HZ
    # A ramp of 1 ms avoids clicks.
    ramp = np.clip(np.minimum(np.arange(burst), np.arange(burst)[::-1]) / 16, 0, 1)
    low = np.sin(2 * np.pi * _LOW_HZ[:, None] * times) * ramp * _AMPLITUDE
    high = np.sin(2 * np.pi * _HIGH_HZ[:, None] * times) * ramp * _AMPLITUDE
    pieces, marks, at = [np.zeros(pause, np.int16)], [], pause
    for found in re.finditer(r"\S+", text):
        codes = np.frombuffer(found.group().encode("utf-8", "replace"), np.uint8)
        bursts = np.zeros((len(codes), burst + gap), np.int16)
        bursts[:, :burst] = low[codes >> 4] + high[codes & 15]
        end = at + bursts.size
        marks.append(WordMark(found.start(), found.end(), at / RATE_HZ, end / RATE_HZ))
        pieces += [bursts.reshape(-1), np.zeros(pause, np.int16)]
        at = end + pause
    return Speech(np.concatenate(pieces), RATE_HZ, tuple(marks))


def _decode(samples: NDArray[np.int16]) -> Iterator[Phrase]:
    starts, ends = _find_bursts(samples)
    if not len(starts):
        return
    codes, scores = _read_bytes(samples, starts, ends)
    gaps = starts[1:] - ends[:-1]
    words, phrase_ends = [], gaps >= _PHRASE_GAP
    for group in np.split(np.arange(len(starts)), np.flatnonzero(gaps >= _WORD_GAP) + 1):
        first, last = group[0], group[-1]
        # Noise may be decoded as a space, which no word contains.
        word = "".join(codes[first : last + 1].tobytes().decode("utf-8", "replace").split())
        if word:
            score = float(scores[first : last + 1].min())
            words.append(Word(word, _to_seconds(starts[first]), _to_seconds(ends[last]), score))
        if words and (last == len(starts) - 1 or phrase_ends[last]):
            confidence = sum(word.confidence for word in words) / len(words)
            text = " ".join(word.word for word in words)
            yield Phrase(text, words[0].start, words[-1].end, confidence, tuple(words))
            words = []


def _find_bursts(samples: NDArray[np.int16]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First frame and end frame of each burst."""
    whole = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float32)
    loud = np.square(whole).mean(axis=1) > _FLOOR**2
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    is_long = ends - starts >= 4  # shorter is a click
    return starts[is_long], ends[is_long]


def _read_bytes(
    samples: NDArray[np.int16], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The byte of each burst and its confidence, 0–1."""
    length = max(4 * _FRAME, int(np.median(ends - starts)) * _FRAME)
    middles = (starts + ends) * _FRAME // 2
    extended = np.pad(samples, length)
    cut = extended[(middles + length // 2)[:, None] + np.arange(length)].astype(np.float32)
    times = np.arange(length) / RATE_HZ
    halves, scores = [], []
    for frequencies in (_LOW_HZ, _HIGH_HZ):
        strengths = np.abs(cut @ np.exp(-2j * np.pi * frequencies[None] * times[:, None]))
        halves.append(strengths.argmax(axis=1))
        ordered = np.sort(strengths, axis=1)
        scores.append(1 - ordered[:, -3] / np.maximum(ordered[:, -1], 1e-9))
    return (halves[0] << 4 | halves[1]).astype(np.uint8), np.minimum(*scores)


def _to_seconds(frame: int) -> float:
    return float(frame * _FRAME / RATE_HZ)
