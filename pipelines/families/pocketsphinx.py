"""PocketSphinx with the US English model in its wheel: speech recognition without weights to download.

Recognises about three of four words of clear read speech.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from pipelines.catalog.entry import RecognitionEntry
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.family import Phrase, Recognition, Tick, TranscriptionInput, Word

_FRAMES_PER_S = 100
#: A pause in seconds that separates two phrases; a window keeps 0.38 s of a pause that it shortens.
_PAUSE_S = 0.35
#: `<sil>`, `[NOISE]`, `++UH++` are not words; `read(2)` is the second pronunciation of `read`.
_NOISE = re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")
_VARIANT = re.compile(r"\(\d+\)$")


def load(entry: RecognitionEntry, device: str) -> PocketSphinx:
    """The decoder, on the CPU whatever `device` is. Raises `ModelUnavailable` without the package."""
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise ModelUnavailable("pocketsphinx is missing: pip install 'pocketsphinx>=5.1.1'.") from error
    # Weak noise with a fixed seed is added: in digital silence the scores would depend on earlier windows.
    return PocketSphinx(entry, lambda: Decoder(samprate=16_000, dither=True, seed=7, loglevel="FATAL"))


class PocketSphinx:
    """See `RecognitionFamily`. One decoder, used by one thread at a time."""

    def __init__(self, entry: RecognitionEntry, make_decoder: Callable[[], Any]) -> None:
        self.entry = entry
        self.revision = f"pocketsphinx-{version('pocketsphinx')}/en-us"
        self.engine = "pocketsphinx"
        self._make_decoder = make_decoder
        self._decoder = make_decoder()
        self._lock = threading.Lock()

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
        """See `RecognitionFamily`."""
        results = []
        for request in requests:
            tick()
            with self._lock:
                results.append(Recognition(tuple(_build_phrases(self._decode(request))), "en", 1.0))
        return results

    def close(self) -> None:
        """See `RecognitionFamily`."""

    def _decode(self, request: TranscriptionInput) -> Iterator[Word]:
        if not request.samples.size:
            return
        decoder = self._decoder
        try:
            # Resets the features' running means and the noise's seed; without this the result for a window would
            # depend on those before it.
            decoder.reinit_feat()
            decoder.start_utt()
            decoder.process_raw(request.samples.astype("<i2").tobytes(), full_utt=True)
            decoder.end_utt()
            segments = decoder.seg() or ()
        except RuntimeError as error:
            self._decoder = self._make_decoder()  # the old one is in the middle of an utterance
            raise EngineFailure(f"PocketSphinx failed on a window ({error}).") from error
        for segment in segments:
            if not _NOISE.match(segment.word):
                yield Word(
                    _VARIANT.sub("", segment.word),
                    segment.start_frame / _FRAMES_PER_S,
                    (segment.end_frame + 1) / _FRAMES_PER_S,
                    min(1.0, max(0.0, segment.prob)),
                )


def _build_phrases(words: Iterator[Word]) -> Iterator[Phrase]:
    """Phrases of words between pauses: the decoder itself detects no sentences."""
    group: list[Word] = []
    for word in words:
        if group and word.start - group[-1].end >= _PAUSE_S:
            yield _build_phrase(group)
            group = []
        group.append(word)
    if group:
        yield _build_phrase(group)


def _build_phrase(words: list[Word]) -> Phrase:
    confidence = sum(word.confidence for word in words) / len(words)
    return Phrase(" ".join(word.word for word in words), words[0].start, words[-1].end, confidence, tuple(words))
