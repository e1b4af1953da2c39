"""Speech without a model: words become tones, and tones become the same words again.

The family to read first, and the load of tests: both halves are deterministic, exact and thousands of times faster than
real time. Each byte of a word (UTF-8) is a short burst of two sines, like the keys of a telephone: a low one for its
upper half, a high one for its lower half. Bursts of a word are parted by a breath, words by a pause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.entry import Entry
from pipelines.family import Phrase, RecogniseRequest, Recognition, SpeakRequest, Speech, Tick, Voice, Word, WordMark

RATE_HZ = 16_000
_LOW_HZ = 600 + 150 * np.arange(16)
_HIGH_HZ = 3_300 + 200 * np.arange(16)
#: Seconds at speed 1: a burst, the breath behind it, and the pause between words.
_BURST_S, _BREATH_S, _PAUSE_S = 0.020, 0.005, 0.080
_AMPLITUDE = 0.3 * 32_767
#: The listener looks at pieces of 1 ms. Breaths last 2.5 to 10 ms, pauses 40 ms and more, between phrases 300 ms.
_PIECE = RATE_HZ // 1000
_WORD_GAP = 20
_PHRASE_GAP = 300
_FLOOR = 0.02 * 32_768


def load_speaker(entry: Entry, device: str) -> ToneSpeaker:
    """The half that speaks; needs no device."""
    return ToneSpeaker(entry)


def load_listener(entry: Entry, device: str) -> ToneListener:
    """The half that listens; needs no device."""
    return ToneListener(entry)


def voices(entry: Entry | None = None) -> list[Voice]:
    """The one voice there is; it speaks every language."""
    return [Voice(id="tone", name="Tone", language="und", family="tone", sample_rate_hz=RATE_HZ)]


class ToneSpeaker:
    """Text in, tones out."""

    revision = "1"
    engine = "numpy"

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`."""
        answers = []
        for request in requests:
            tick()
            answers.append(_speak(request.text, request.speed))
        return answers

    def close(self) -> None:
        """See `SpeechFamily`."""


class ToneListener:
    """Tones in, text out."""

    revision = "1"
    engine = "numpy"

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def recognise(self, requests: Sequence[RecogniseRequest], tick: Tick) -> list[Recognition]:
        """See `RecognitionFamily`."""
        answers = []
        for request in requests:
            tick()
            # Tones have no language of their own: they are in the one that was asked for.
            answers.append(Recognition(tuple(_phrases(request.samples)), request.language, None))
        return answers

    def close(self) -> None:
        """See `RecognitionFamily`."""


def _speak(text: str, speed: float) -> Speech:
    burst, breath, pause = (round(seconds / speed * RATE_HZ) for seconds in (_BURST_S, _BREATH_S, _PAUSE_S))
    times = np.arange(burst) / RATE_HZ
    # A ramp of 1 ms keeps the clicks out of the spectrum.
    ramp = np.clip(np.minimum(np.arange(burst), np.arange(burst)[::-1]) / 16, 0, 1)
    low = np.sin(2 * np.pi * _LOW_HZ[:, None] * times) * ramp * _AMPLITUDE
    high = np.sin(2 * np.pi * _HIGH_HZ[:, None] * times) * ramp * _AMPLITUDE
    pieces, marks, at = [np.zeros(pause, np.int16)], [], pause
    for found in re.finditer(r"\S+", text):
        codes = np.frombuffer(found.group().encode("utf-8", "replace"), np.uint8)
        bursts = np.zeros((len(codes), burst + breath), np.int16)
        bursts[:, :burst] = low[codes >> 4] + high[codes & 15]
        end = at + bursts.size
        marks.append(WordMark(found.start(), found.end(), at / RATE_HZ, end / RATE_HZ))
        pieces += [bursts.reshape(-1), np.zeros(pause, np.int16)]
        at = end + pause
    return Speech(np.concatenate(pieces), RATE_HZ, tuple(marks))


def _phrases(samples: NDArray[np.int16]) -> Iterator[Phrase]:
    starts, ends = _bursts(samples)
    if not len(starts):
        return
    codes, scores = _read(samples, starts, ends)
    gaps = starts[1:] - ends[:-1]
    words, phrase_ends = [], gaps >= _PHRASE_GAP
    for group in np.split(np.arange(len(starts)), np.flatnonzero(gaps >= _WORD_GAP) + 1):
        first, last = group[0], group[-1]
        # Noise may read as a space, which no word holds.
        word = "".join(codes[first : last + 1].tobytes().decode("utf-8", "replace").split())
        if word:
            score = float(scores[first : last + 1].min())
            words.append(Word(word, _seconds(starts[first]), _seconds(ends[last]), score))
        if words and (last == len(starts) - 1 or phrase_ends[last]):
            confidence = sum(word.confidence for word in words) / len(words)
            text = " ".join(word.word for word in words)
            yield Phrase(text, words[0].start, words[-1].end, confidence, tuple(words))
            words = []


def _bursts(samples: NDArray[np.int16]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First piece and end piece of each burst."""
    whole = samples[: len(samples) // _PIECE * _PIECE].reshape(-1, _PIECE).astype(np.float32)
    loud = np.square(whole).mean(axis=1) > _FLOOR**2
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    lasting = ends - starts >= 4  # shorter is a click
    return starts[lasting], ends[lasting]


def _read(
    samples: NDArray[np.int16], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The byte of each burst and how clearly it stood out, 0–1."""
    length = max(4 * _PIECE, int(np.median(ends - starts)) * _PIECE)
    middles = (starts + ends) * _PIECE // 2
    padded = np.pad(samples, length)
    cut = padded[(middles + length // 2)[:, None] + np.arange(length)].astype(np.float32)
    times = np.arange(length) / RATE_HZ
    halves, scores = [], []
    for frequencies in (_LOW_HZ, _HIGH_HZ):
        strengths = np.abs(cut @ np.exp(-2j * np.pi * frequencies[None] * times[:, None]))
        halves.append(strengths.argmax(axis=1))
        ordered = np.sort(strengths, axis=1)
        scores.append(1 - ordered[:, -3] / np.maximum(ordered[:, -1], 1e-9))
    return (halves[0] << 4 | halves[1]).astype(np.uint8), np.minimum(*scores)


def _seconds(piece: int) -> float:
    return float(piece * _PIECE / RATE_HZ)
