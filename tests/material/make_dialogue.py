"""Makes tests/fixtures/dialogue/: ten minutes in which three synthetic voices take turns, with the voice of each word.

Turns are one to three sentences long, with pauses of at least 0.3 s and no overlap. The sentences and the way to place
words are those of `make_speech`.

    python -m tests.material.make_dialogue
"""

from __future__ import annotations

import random

import numpy as np

from tests.material.make_speech import ROOT, encode_opus, place_words, read_sentences, synthesise_sentence, write_truth
from tests.material.sounds import RATE_HZ

DIALOGUE = ROOT / "tests" / "fixtures" / "dialogue"
VOICES = ("slt", "rms", "awb")
SECONDS = 600


def main() -> None:
    chance = random.Random(7)
    texts = iter(read_sentences() * 4)
    blocks, words, at, voice = [np.zeros(RATE_HZ)], [], RATE_HZ, "awb"
    while at < SECONDS * RATE_HZ:
        voice = chance.choice([each for each in VOICES if each != voice])
        for _ in range(chance.choice((1, 1, 2, 3))):
            spoken = synthesise_sentence(next(texts), voice)
            if spoken is None:
                continue
            samples, marks = spoken
            words += place_words(marks, at, voice)
            pause = np.zeros(int(chance.uniform(0.3, 0.9) * RATE_HZ))
            blocks += [samples, pause]
            at += len(samples) + len(pause)
    talk = np.concatenate(blocks)
    talk += np.random.default_rng(8).normal(0.0, 12.0, len(talk))
    DIALOGUE.mkdir(parents=True, exist_ok=True)
    encode_opus(np.clip(np.rint(talk), -32768, 32767).astype(np.int16), DIALOGUE / "dialogue.opus")
    write_truth(DIALOGUE, round(len(talk) / RATE_HZ, 3), words)
    print(f"{len(talk) / RATE_HZ:.0f} s, {len(words)} words")


if __name__ == "__main__":
    main()
