"""Makes tests/fixtures/talk/: over twenty minutes of synthetic speech whose every word's time is known.

Four voices of Debian's `flite` (`apt install flite`) read the demo's book in turns. Between the turns there are
silences, mains hum, noise and music, and one turn has no pause between its sentences. A word's time is that of its
first and last sound as flite placed them, so the truth is exact by construction; sentences in which the sounds of the
words do not add up, or with a word that PocketSphinx has never seen, are left out.

    python -m tests.material.make_speech
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.material.sounds import RATE_HZ, hum, music, noise

ROOT = Path(__file__).resolve().parents[2]
TALK = ROOT / "tests" / "fixtures" / "talk"
BITRATE = 18_000
LEVEL_RMS = 2600.0
#: Voice, sentences of the turn, and seconds of pause between them, at least and at most.
TURNS = (
    ("slt", 30, (0.2, 0.9)),
    ("rms", 30, (0.2, 0.9)),
    ("awb", 26, (0.3, 1.4)),
    ("kal", 20, (0.3, 0.9)),
    ("slt", 40, (0.0, 0.0)),
    ("rms", 30, (0.1, 0.5)),
    ("awb", 26, (0.2, 0.9)),
    ("slt", 30, (0.4, 2.5)),
    ("rms", 40, (0.0, 0.1)),
    ("kal", 20, (0.2, 0.6)),
    ("slt", 30, (0.2, 9.0)),
    ("awb", 30, (0.1, 0.9)),
    ("rms", 20, (0.2, 0.9)),
)


def sentences() -> list[str]:
    """What the book says, as far as flite and PocketSphinx both know its words."""
    known = pocketsphinx_words()
    found = []
    for chapter in sorted((ROOT / "demo" / "book").glob("0[1-9]*.md")):
        text = chapter.read_text(encoding="utf-8").replace("’", "'")
        for paragraph in text.split("\n\n")[1:]:
            for sentence in re.split(r"(?<=[.?!])[”\"]?\s+", " ".join(paragraph.split())):
                plain = sentence.strip("“”\"'— ").replace("“", "").replace("”", "")
                words = spoken_words(plain)
                if 4 <= len(words) <= 24 and re.fullmatch(r"[A-Za-z' ,;.?!]+", plain) and known.issuperset(words):
                    found.append(plain)
    return list(dict.fromkeys(found))


def pocketsphinx_words() -> set[str]:
    """The dictionary of the model that the wheel carries."""
    from pocketsphinx import get_model_path

    lines = Path(get_model_path("en-us"), "cmudict-en-us.dict").read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines}


def spoken_words(text: str) -> list[str]:
    """The words of a sentence in lower case, apostrophes kept."""
    return re.findall(r"[a-z']+", text.lower())


@cache
def sounds_of(word: str, voice: str) -> int:
    """How many sounds flite makes of a word."""
    said = _flite("-voice", voice, "-t", word, "-ps", "-o", "/dev/null")
    return sum(sound != "pau" for sound in said.split())


def speak(text: str, voice: str) -> tuple[NDArray[np.float64], list[tuple[str, float, float]]] | None:
    """A sentence without the silence around it, at LEVEL_RMS, and (word, start, end) in seconds of it; None where the
    sounds of its words do not add up."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "line.wav")
        said = _flite("-voice", voice, "-t", text, "-psdur", "-o", str(path))
        with wave.open(str(path)) as file:
            rate_hz = file.getframerate()
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    if rate_hz != RATE_HZ:
        import soxr

        samples = soxr.resample(samples, rate_hz, RATE_HZ)
    sounds, at = [], 0.0
    for each in said.split():
        name, _, end = each.rpartition(":")
        if name != "pau":
            sounds.append((at, float(end)))
        at = float(end)
    words = spoken_words(text)
    counts = [sounds_of(word, voice) for word in words]
    if sum(counts) != len(sounds):
        return None
    begin = max(0.0, sounds[0][0] - 0.02)
    marks, first = [], 0
    for word, count in zip(words, counts, strict=True):
        marks.append((word, sounds[first][0] - begin, sounds[first + count - 1][1] - begin))
        first += count
    samples = samples[int(begin * RATE_HZ) : int((sounds[-1][1] + 0.02) * RATE_HZ)]
    return samples * (LEVEL_RMS / np.sqrt(np.mean(samples**2))), marks


def _flite(*arguments: str) -> str:
    return subprocess.run(["flite", *arguments], check=True, capture_output=True, text=True).stdout


def breaks() -> Iterator[NDArray[np.float64]]:
    """What is heard between the turns."""
    silence = np.zeros
    while True:
        yield silence(12 * RATE_HZ)
        yield music(25.0, seed=1)
        yield silence(45 * RATE_HZ)
        yield hum(20.0)
        yield noise(15.0, seed=2)
        yield silence(3 * RATE_HZ)


def perform() -> tuple[NDArray[np.int16], list[dict[str, object]]]:
    """The whole talk, and every word with its voice and place."""
    chance = random.Random(4)
    texts = iter(sentences() * 4)
    blocks, words, at = [np.zeros(RATE_HZ)], [], RATE_HZ
    for (voice, count, (shortest, longest)), after in zip(TURNS, breaks(), strict=False):
        done = 0
        while done < count:
            spoken = speak(text := next(texts), voice)
            if spoken is None:
                print("left out:", voice, text)
                continue
            samples, marks = spoken
            words += placed(marks, at, voice)
            pause = np.zeros(int(chance.uniform(shortest, longest) * RATE_HZ))
            blocks += [samples, pause]
            at += len(samples) + len(pause)
            done += 1
        blocks.append(after)
        at += len(after)
    talk = np.concatenate(blocks)
    talk += np.random.default_rng(5).normal(0.0, 12.0, len(talk))  # a room is never quite silent
    return np.clip(np.rint(talk), -32768, 32767).astype(np.int16), words


def placed(marks: list[tuple[str, float, float]], at: int, voice: str) -> list[dict[str, object]]:
    """The words of a sentence that begins at sample `at`, for the truth."""
    begin = at / RATE_HZ
    return [
        {"word": word, "start": round(begin + start, 3), "end": round(begin + end, 3), "voice": voice}
        for word, start, end in marks
    ]


def write_truth(folder: Path, duration_s: float, words: list[dict[str, object]]) -> None:
    """`truth.json`, a word a line."""
    lines = ",\n".join(json.dumps(word) for word in words)
    (folder / "truth.json").write_text(f'{{"duration_s": {duration_s}, "words": [\n{lines}\n]}}\n')


def encode(samples: NDArray[np.int16], path: Path) -> None:
    """Write Ogg Opus; the same samples give the same bytes."""
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream("libopus", rate=RATE_HZ, layout="mono", options={"application": "voip"})
        stream.bit_rate = BITRATE
        for start in range(0, len(samples), RATE_HZ):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + RATE_HZ], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def main() -> None:
    samples, words = perform()
    TALK.mkdir(parents=True, exist_ok=True)
    encode(samples, TALK / "talk.opus")
    duration_s = round(len(samples) / RATE_HZ, 3)
    write_truth(TALK, duration_s, words)
    print(f"{duration_s} s, {len(words)} words, {(TALK / 'talk.opus').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
