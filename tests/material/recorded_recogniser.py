"""PocketSphinx with recorded results: its words for each window are in a file, so that tests do not wait for it.

A window's key is its length and its loudness in each quarter of a second, in whole decibels: samples that another
processor rounds differently have the same key. A window that is not in the file is recognised by PocketSphinx.

    python -m tests.material.recorded_recogniser [talk|dialogue]      recognises all windows and writes the file
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
from pipelines.family import Phrase, Recognition, Tick, TranscriptionInput, Word
from tests.material.make_speech import ROOT, TALK
from tests.pipeline_runner import PipelineRun

RECORDING = TALK / "recognition.json"
_QUARTER_S = 4_000
#: Lower levels depend on rounding.
_FLOOR_DB = 30


class RecordedRecogniser:
    """A `RecognitionFamily`. Without a file PocketSphinx recognises every window."""

    engine = "pocketsphinx"

    def __init__(self, file: Path | None = RECORDING) -> None:
        self.entry = Catalog().get("pocketsphinx", "stt")
        self.revision = "recorded"
        self.recorded: dict[str, list[list[list[Any]]]] = json.loads(file.read_text()) if file else {}
        #: The number of windows that were not in the file.
        self.unrecorded = 0
        self._pocketsphinx: pocketsphinx.PocketSphinx | None = None

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
        return [self._recognise(request, tick) for request in requests]

    def close(self) -> None: ...

    def _recognise(self, request: TranscriptionInput, tick: Tick) -> Recognition:
        key = compute_key(request.samples)
        if key not in self.recorded:
            self.unrecorded += 1
            self._pocketsphinx = self._pocketsphinx or pocketsphinx.load(self.entry, "cpu")
            (answer,) = self._pocketsphinx.transcribe([request], tick)
            self.recorded[key] = [
                [
                    [word.word, round(word.start, 2), round(word.end, 2), round(word.confidence, 4)]
                    for word in phrase.words
                ]
                for phrase in answer.phrases
            ]
        return Recognition(tuple(_phrase(words) for words in self.recorded[key]), "en", 1.0)


def compute_key(samples: NDArray[np.int16]) -> str:
    """The key of a window."""
    quarters = np.pad(samples, (0, -samples.size % _QUARTER_S)).reshape(-1, _QUARTER_S).astype(np.float64)
    decibels = np.rint(20 * np.log10(np.sqrt(np.square(quarters).mean(axis=1)) + 1))
    levels = np.maximum(decibels, _FLOOR_DB).astype(np.uint8)
    return hashlib.sha256(samples.size.to_bytes(4, "big") + levels.tobytes()).hexdigest()[:24]


def _phrase(words: list[list[Any]]) -> Phrase:
    found = tuple(Word(*word) for word in words)
    confidence = sum(word.confidence for word in found) / len(found)
    return Phrase(" ".join(word.word for word in found), found[0].start, found[-1].end, confidence, found)


def main(*recordings: str) -> None:
    for recording in recordings or ("talk", "dialogue"):
        recogniser = RecordedRecogniser(None)
        source = ROOT / "tests" / "fixtures" / recording / f"{recording}.opus"
        with tempfile.TemporaryDirectory() as folder:
            PipelineRun("stt.transcribe", Path(folder), {"model": "pocketsphinx"}).run_all(source, recogniser)
        entries = sorted(recogniser.recorded.items())
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(found)}" for key, found in entries)
        source.with_name("recognition.json").write_text(f"{{\n{lines}\n}}\n")
        print(f"{recording}: {recogniser.unrecorded} windows")


if __name__ == "__main__":
    main(*sys.argv[1:])
