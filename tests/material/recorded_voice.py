"""A speech family that returns recorded sentences: those of tests/fixtures/talk, which Flite spoke.

Some sentences can be given faults, as of an autoregressive model that loses its position.

    python -m tests.material.recorded_voice      records PocketSphinx's recognition of the sentences, right and wrong
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import av
import numpy as np

from pipelines.catalog.catalog import Catalog
from pipelines.family import Samples, Speech, SynthesisInput, Tick
from pipelines.text.splitting.sentences import split_sentences
from tests.material.make_speech import TALK, read_sentences, split_words
from tests.material.recorded_recogniser import RecordedRecogniser
from tests.material.sounds import RATE_HZ
from tests.pipeline_runner import PipelineRun

#: Seconds of the talk that are used: before its fourth voice, which PocketSphinx recognises as badly as eSpeak NG's.
SECONDS = 330.0
_MARGIN_S = 0.02
#: PocketSphinx's recognition of each sentence.
RECORDING = TALK / "sentence_recognition.json"
#: Two faults of each kind, spread over the voices and over long and short sentences.
KINDS = ("dropped", "repeated", "end_missing", "start_missing", "replaced") * 2


@dataclasses.dataclass(frozen=True, slots=True)
class TalkSentence:
    """A sentence of the talk, and its words with start and end in seconds."""

    text: str
    words: Sequence[tuple[str, float, float]]


@cache
def load_sentences() -> Mapping[str, TalkSentence]:
    """The sentences by text; only those that the pipeline's splitter keeps whole."""
    truth = json.loads((TALK / "truth.json").read_text())["words"]
    found, at = dict[str, TalkSentence](), 0
    for text in read_sentences():
        words = split_words(text)
        here = truth[at : at + len(words)]
        if [each["word"] for each in here] != words:
            continue  # Flite did not speak it
        at += len(words)
        if here[-1]["end"] > SECONDS or here[0]["voice"] == "kal":
            break
        if list(split_sentences(text, "en")) == [text]:
            found[text] = TalkSentence(text, [(each["word"], each["start"], each["end"]) for each in here])
    return found


@cache
def load_talk() -> Samples:
    """The samples of the used part of the talk."""
    blocks, length = list[Samples](), 0
    with av.open(str(TALK / "talk.opus")) as file:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        for frame in file.decode(audio=0):
            blocks += [each.to_ndarray()[0] for each in resampler.resample(frame)]
            length += len(blocks[-1])
            if length > (SECONDS + 1) * RATE_HZ:
                break
    return np.concatenate(blocks)


def cut_samples(text: str) -> Samples:
    """The samples of a sentence of the talk, or of words in one. Raises LookupError where the talk has none."""
    wanted = split_words(text)
    several = [load_sentences()[text]] if text in load_sentences() else load_sentences().values()
    for line in several:
        words = [word for word, _, _ in line.words]
        for first in range(len(words) - len(wanted) + 1):
            if words[first : first + len(wanted)] == wanted:
                start, end = line.words[first][1] - _MARGIN_S, line.words[first + len(wanted) - 1][2] + _MARGIN_S
                return load_talk()[int(start * RATE_HZ) : int(end * RATE_HZ)]
    raise LookupError(text)


#: Fault → the samples of a sentence with it.
FAULTS: Mapping[str, Callable[[str], Samples]] = {
    "dropped": lambda text: np.zeros_like(cut_samples(text)),
    "repeated": lambda text: np.concatenate([cut_samples(text), np.zeros(RATE_HZ // 5, np.int16), cut_samples(text)]),
    "end_missing": lambda text: cut_samples(text)[: len(cut_samples(text)) * 11 // 20],
    "start_missing": lambda text: cut_samples(text)[len(cut_samples(text)) * 9 // 20 :],
    "replaced": lambda text: cut_samples(_find_other_sentence(text)),
}


def choose_faults() -> Mapping[str, str]:
    """Ten sentences, with a fault for each."""
    texts = list(load_sentences())
    return {texts[4 + 8 * number]: kind for number, kind in enumerate(KINDS)}


def _find_other_sentence(text: str) -> str:
    """Another sentence of the talk, the nearest in length."""
    return min((each for each in load_sentences() if each != text), key=lambda each: abs(len(each) - len(text)))


class RecordedVoice:
    """A `SpeechFamily` that returns the recorded sentences."""

    revision = "flite"
    engine = "recorded"

    def __init__(self, faults: Mapping[str, str], *, times: int = 1) -> None:
        """`faults`: sentence → fault, in the first `times` requests for the sentence."""
        self.entry = dataclasses.replace(Catalog().get("tone", "tts"), languages=("en",))
        self.requested: Counter[str] = Counter()
        self._faults = faults
        self._times = times

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        tick()
        return [Speech(self._read(request.text), RATE_HZ) for request in requests]

    def close(self) -> None: ...

    def _read(self, text: str) -> Samples:
        self.requested[text] += 1
        fault = self._faults.get(text)
        return FAULTS[fault](text) if fault and self.requested[text] <= self._times else cut_samples(text)


class SilentSentenceVoice(RecordedVoice):
    """Returns silence for one sentence and for any piece of it."""

    def __init__(self, text: str) -> None:
        super().__init__({})
        self._silent_text = text

    def _read(self, text: str) -> Samples:
        return np.zeros(8_000, np.int16) if text in self._silent_text else super()._read(text)


def main() -> None:
    recogniser = RecordedRecogniser(None)
    with tempfile.TemporaryDirectory() as folder:
        run = PipelineRun(
            "tts.synthesize", Path(folder), {"model": "tone", "text": "\n\n".join(load_sentences()), "verify": True}
        )
        run.run_all(None, RecordedVoice(choose_faults()), {recogniser.entry.name: recogniser})
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(words)}" for key, words in sorted(recogniser.recorded.items()))
    RECORDING.write_text(f"{{\n{lines}\n}}\n")
    print(f"{recogniser.unrecorded} windows")


if __name__ == "__main__":
    main()
