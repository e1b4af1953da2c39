"""A voice that reads what the talk of tests/fixtures/talk says: Flite's own sentences, without Flite.

Faults can be planted in it: what a model that loses its place makes of a sentence.

    python -m tests.material.flite_reader      lets PocketSphinx hear the sentences, right and wrong, and keeps it
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
from pipelines.family import Samples, SpeakRequest, Speech, Tick
from pipelines.text.splitting.sentences import sentences as divided
from tests.in_process import Run
from tests.material.make_speech import TALK, sentences, spoken_words
from tests.material.recorded_listener import RecordedListener
from tests.material.sounds import RATE_HZ

#: Seconds of the talk that are used: three voices, before the fourth, which PocketSphinx hears as badly as eSpeak NG.
SECONDS = 330.0
_AIR_S = 0.02
#: What PocketSphinx heard in each of the sentences.
HEARD = TALK / "heard_sentences.json"
#: Two of each, spread over the voices and over long and short sentences.
KINDS = ("dropped", "repeated", "cut", "beheaded", "replaced") * 2


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A sentence of the talk, its words and where they are, in seconds."""

    text: str
    words: Sequence[tuple[str, float, float]]


@cache
def lines() -> Mapping[str, Line]:
    """The sentences, by their text, which the pipeline takes for one sentence too."""
    truth = json.loads((TALK / "truth.json").read_text())["words"]
    found, at = dict[str, Line](), 0
    for text in sentences():
        words = spoken_words(text)
        here = truth[at : at + len(words)]
        if [each["word"] for each in here] != words:
            continue  # Flite left it out
        at += len(words)
        if here[-1]["end"] > SECONDS or here[0]["voice"] == "kal":
            break
        if list(divided(text, "en")) == [text]:
            found[text] = Line(text, [(each["word"], each["start"], each["end"]) for each in here])
    return found


@cache
def talk() -> Samples:
    """The samples of the talk, as far as it is used."""
    blocks, length = list[Samples](), 0
    with av.open(str(TALK / "talk.opus")) as file:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        for frame in file.decode(audio=0):
            blocks += [each.to_ndarray()[0] for each in resampler.resample(frame)]
            length += len(blocks[-1])
            if length > (SECONDS + 1) * RATE_HZ:
                break
    return np.concatenate(blocks)


def sound(text: str) -> Samples:
    """A sentence of the talk, or a few words of one. Raises LookupError where the talk has no such words."""
    wanted = spoken_words(text)
    several = [lines()[text]] if text in lines() else lines().values()
    for line in several:
        words = [word for word, _, _ in line.words]
        for first in range(len(words) - len(wanted) + 1):
            if words[first : first + len(wanted)] == wanted:
                start, end = line.words[first][1] - _AIR_S, line.words[first + len(wanted) - 1][2] + _AIR_S
                return talk()[int(start * RATE_HZ) : int(end * RATE_HZ)]
    raise LookupError(text)


#: What a fault makes of a sentence.
FAULTS: Mapping[str, Callable[[str], Samples]] = {
    "dropped": lambda text: np.zeros_like(sound(text)),
    "repeated": lambda text: np.concatenate([sound(text), np.zeros(RATE_HZ // 5, np.int16), sound(text)]),
    "cut": lambda text: sound(text)[: len(sound(text)) * 11 // 20],
    "beheaded": lambda text: sound(text)[len(sound(text)) * 9 // 20 :],
    "replaced": lambda text: sound(_another(text)),
}


def planted() -> Mapping[str, str]:
    """Ten sentences and a fault for each."""
    texts = list(lines())
    return {texts[4 + 8 * number]: kind for number, kind in enumerate(KINDS)}


def _another(text: str) -> str:
    """The sentence of the talk that is nearest in length."""
    return min((each for each in lines() if each != text), key=lambda each: abs(len(each) - len(text)))


class FliteReader:
    """A `SpeechFamily`."""

    revision = "flite"
    engine = "recorded"

    def __init__(self, faults: Mapping[str, str], *, times: int = 1) -> None:
        """`faults`: sentence → fault; it is made the first `times` that the sentence is asked for."""
        self.entry = dataclasses.replace(Catalog().get("tone", "tts"), languages=("en",))
        self.asked: Counter[str] = Counter()
        self._faults = faults
        self._times = times

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]:
        tick()
        return [Speech(self._said(request.text), RATE_HZ) for request in requests]

    def close(self) -> None: ...

    def _said(self, text: str) -> Samples:
        self.asked[text] += 1
        fault = self._faults.get(text)
        return FAULTS[fault](text) if fault and self.asked[text] <= self._times else sound(text)


class Mute(FliteReader):
    """Never says one sentence, in however small pieces."""

    def __init__(self, text: str) -> None:
        super().__init__({})
        self._silent = text

    def _said(self, text: str) -> Samples:
        return np.zeros(8_000, np.int16) if text in self._silent else super()._said(text)


def main() -> None:
    listener = RecordedListener(None)
    with tempfile.TemporaryDirectory() as folder:
        run = Run("tts.synthesize", Path(folder), {"model": "tone", "text": "\n\n".join(lines()), "verify": True})
        run.all(None, FliteReader(planted()), {listener.entry.name: listener})
    heard = ",\n".join(f"{json.dumps(key)}: {json.dumps(words)}" for key, words in sorted(listener.heard.items()))
    HEARD.write_text(f"{{\n{heard}\n}}\n")
    print(f"{listener.missed} windows")


if __name__ == "__main__":
    main()
