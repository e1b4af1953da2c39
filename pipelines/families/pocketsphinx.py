"""PocketSphinx with the US English model that its wheel carries: no weights to fetch, real speech recognition.

Knows the decoder, its dictionary and its noises; hears about three words in four of clear read speech.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from pipelines.catalog.entry import Entry
from pipelines.errors import EngineFailure, ModelUnavailable
from pipelines.family import Phrase, RecogniseRequest, Recognition, Tick, Word

_FRAMES_PER_S = 100
#: A pause that parts two phrases, in seconds; a window keeps 0.38 s of a pause that it shortens.
_PAUSE_S = 0.35
#: `<sil>`, `[NOISE]`, `++UH++` are no words; `read(2)` is the second way to say `read`.
_NOISE = re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")
_VARIANT = re.compile(r"\(\d+\)$")


def load(entry: Entry, device: str) -> PocketSphinx:
    """The decoder, on the CPU whatever `device` says. Raises `ModelUnavailable` without the package."""
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise ModelUnavailable("pocketsphinx is missing: pip install 'pocketsphinx>=5.1.1'.") from error
    # A little noise, always the same, under the sound: in digital silence the scores hang on what was heard before.
    return PocketSphinx(entry, lambda: Decoder(samprate=16_000, dither=True, seed=7, loglevel="FATAL"))


class PocketSphinx:
    """One decoder; calls take turns."""

    def __init__(self, entry: Entry, make_decoder: Callable[[], Any]) -> None:
        self.entry = entry
        self.revision = f"pocketsphinx-{version('pocketsphinx')}/en-us"
        self.engine = "pocketsphinx"
        self._make_decoder = make_decoder
        self._decoder = make_decoder()
        self._turn = threading.Lock()

    def recognise(self, requests: Sequence[RecogniseRequest], tick: Tick) -> list[Recognition]:
        """See `RecognitionFamily`."""
        answers = []
        for request in requests:
            tick()
            with self._turn:
                answers.append(Recognition(tuple(_phrases(self._words(request))), "en", 1.0))
        return answers

    def close(self) -> None:
        """See `RecognitionFamily`."""

    def _words(self, request: RecogniseRequest) -> Iterator[Word]:
        if not request.samples.size:
            return
        decoder = self._decoder
        try:
            # The features' running means and the noise's seed live on from window to window; without this the same
            # window is heard differently behind another one.
            decoder.reinit_feat()
            decoder.start_utt()
            decoder.process_raw(request.samples.astype("<i2").tobytes(), full_utt=True)
            decoder.end_utt()
            heard = decoder.seg() or ()
        except RuntimeError as error:
            self._decoder = self._make_decoder()  # the old one is in the middle of an utterance
            raise EngineFailure(f"PocketSphinx failed on a window ({error}).") from error
        for segment in heard:
            if not _NOISE.match(segment.word):
                yield Word(
                    _VARIANT.sub("", segment.word),
                    segment.start_frame / _FRAMES_PER_S,
                    (segment.end_frame + 1) / _FRAMES_PER_S,
                    min(1.0, max(0.0, segment.prob)),
                )


def _phrases(words: Iterator[Word]) -> Iterator[Phrase]:
    """Words parted at pauses: the decoder itself knows no sentences."""
    group: list[Word] = []
    for word in words:
        if group and word.start - group[-1].end >= _PAUSE_S:
            yield _phrase(group)
            group = []
        group.append(word)
    if group:
        yield _phrase(group)


def _phrase(words: list[Word]) -> Phrase:
    confidence = sum(word.confidence for word in words) / len(words)
    return Phrase(" ".join(word.word for word in words), words[0].start, words[-1].end, confidence, tuple(words))
