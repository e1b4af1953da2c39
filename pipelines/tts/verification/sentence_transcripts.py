"""Transcribes the sentences of a part with a recogniser, each in windows that the recogniser takes.

Knows samples and windows; nothing of the texts that they are compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipelines.audio.resample import resample_int16
from pipelines.audio.vad import RATE_HZ
from pipelines.family import RecognitionFamily, Samples, TranscriptionInput
from pipelines.tts.part_file import SpeechPart, SpokenSentence

#: Silence before and after each window, in samples.
_PADDING = RATE_HZ // 5
#: A window's maximal length, and the first sample at which a longer sentence may be cut.
_MAX_WINDOW, _EARLIEST_CUT = 28 * RATE_HZ, 18 * RATE_HZ
_CUT_FRAME = RATE_HZ // 20


def transcribe_sentences(
    sentences: Sequence[SpokenSentence],
    part: SpeechPart,
    family: RecognitionFamily,
    tick: Callable[[], None],
    *,
    seed: int,
) -> list[str]:
    """The transcript of each sentence of `part`; "" for silence, which is not transcribed."""
    windows = [
        (number, sentence.language or None, window)
        for number, sentence in enumerate(sentences)
        for window in _cut_windows(part.samples[sentence.start : sentence.end], part.sample_rate_hz)
    ]
    texts: list[list[str]] = [[] for _ in sentences]
    slots = max(1, family.entry.slots)
    for first in range(0, len(windows), slots):
        batch = windows[first : first + slots]
        inputs = [
            TranscriptionInput(window, language=language, words=False, seed=seed + first + k)
            for k, (_, language, window) in enumerate(batch)
        ]
        for (number, *_), recognition in zip(batch, family.transcribe(inputs, tick), strict=True):
            texts[number] += [phrase.text for phrase in recognition.phrases]
        tick()
    return [" ".join(text).strip() for text in texts]


def _cut_windows(samples: Samples, rate_hz: int) -> Iterator[Samples]:
    """A sentence at 16 kHz, cut at its quietest places where it is too long for one window."""
    sound = resample_int16(samples, rate_hz, RATE_HZ)
    while len(sound) > _MAX_WINDOW:
        cut = _EARLIEST_CUT + _find_quietest(sound[_EARLIEST_CUT:_MAX_WINDOW])
        yield np.pad(sound[:cut], _PADDING)
        sound = sound[cut:]
    if sound.any():
        yield np.pad(sound, _PADDING)


def _find_quietest(samples: Samples) -> int:
    """The middle of the quietest 50 ms."""
    frames = samples[: len(samples) // _CUT_FRAME * _CUT_FRAME].reshape(-1, _CUT_FRAME).astype(np.float32)
    return int(np.square(frames).mean(axis=1).argmin()) * _CUT_FRAME + _CUT_FRAME // 2
