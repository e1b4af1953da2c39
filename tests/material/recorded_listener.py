"""PocketSphinx, remembered: what it heard in a window is kept in a file, so that a test runs the flow and not it.

A window is known by its length and its loudness every quarter of a second in whole decibels, so that the last bit of a
sample, which another processor may round otherwise, makes no new window. What is not in the file is heard for real.

    python -m tests.material.recorded_listener [talk|dialogue]      hears every window again and writes the file
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.catalog import Catalog
from pipelines.families import pocketsphinx
from pipelines.family import Phrase, RecogniseRequest, Recognition, Tick, Word
from tests.in_process import Run
from tests.material.make_speech import ROOT, TALK

HEARD = TALK / "heard.json"
_QUARTER_S = 4_000
#: What is quieter hangs on rounding.
_FLOOR_DB = 30


class RecordedListener:
    """A `RecognitionFamily`; `None` as the file means that everything is heard for real."""

    engine = "pocketsphinx"

    def __init__(self, file: Path | None = HEARD) -> None:
        self.entry = Catalog().get("pocketsphinx", "stt")
        self.revision = "recorded"
        self.heard: dict[str, list[list[list[Any]]]] = json.loads(file.read_text()) if file else {}
        #: Windows that were not in the file.
        self.missed = 0
        self._real: pocketsphinx.PocketSphinx | None = None

    def recognise(self, requests: Sequence[RecogniseRequest], tick: Tick) -> list[Recognition]:
        return [self._hear(request, tick) for request in requests]

    def close(self) -> None: ...

    def _hear(self, request: RecogniseRequest, tick: Tick) -> Recognition:
        key = key_of(request.samples)
        if key not in self.heard:
            self.missed += 1
            self._real = self._real or pocketsphinx.load(self.entry, "cpu")
            (answer,) = self._real.recognise([request], tick)
            self.heard[key] = [
                [
                    [word.word, round(word.start, 2), round(word.end, 2), round(word.confidence, 4)]
                    for word in phrase.words
                ]
                for phrase in answer.phrases
            ]
        return Recognition(tuple(_phrase(words) for words in self.heard[key]), "en", 1.0)


def key_of(samples: NDArray[np.int16]) -> str:
    """The name of a window."""
    quarters = np.pad(samples, (0, -samples.size % _QUARTER_S)).reshape(-1, _QUARTER_S).astype(np.float64)
    decibels = np.rint(20 * np.log10(np.sqrt(np.square(quarters).mean(axis=1)) + 1))
    levels = np.maximum(decibels, _FLOOR_DB).astype(np.uint8)
    return hashlib.sha256(samples.size.to_bytes(4, "big") + levels.tobytes()).hexdigest()[:24]


def _phrase(words: list[list[Any]]) -> Phrase:
    heard = tuple(Word(*word) for word in words)
    confidence = sum(word.confidence for word in heard) / len(heard)
    return Phrase(" ".join(word.word for word in heard), heard[0].start, heard[-1].end, confidence, heard)


def main(*recordings: str) -> None:
    for recording in recordings or ("talk", "dialogue"):
        listener = RecordedListener(None)
        source = ROOT / "tests" / "fixtures" / recording / f"{recording}.opus"
        with tempfile.TemporaryDirectory() as folder:
            Run("stt.transcribe", Path(folder), {"model": "pocketsphinx"}).all(source, listener)
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(heard)}" for key, heard in sorted(listener.heard.items()))
        source.with_name("heard.json").write_text(f"{{\n{lines}\n}}\n")
        print(f"{recording}: {listener.missed} windows")


if __name__ == "__main__":
    main(*sys.argv[1:])
