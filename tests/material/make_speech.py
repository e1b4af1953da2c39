"""Makes tests/fixtures/talk/: over twenty minutes of synthetic speech with the times of all words.

Four voices of Debian's `flite` (`apt install flite`) read the demo's book in turns. Between the turns there are
silences, mains hum, noise and music, and one turn has no pauses between its sentences. The times of a word are those
of its first and last phone, as flite reports them, so they are exact by construction. Sentences whose phones do not
match those of their words, or with a word that is not in PocketSphinx's dictionary, are left out.

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

from tests.material.sounds import RATE_HZ, make_brown_noise, make_hum, make_music

ROOT = Path(__file__).resolve().parents[2]
TALK = ROOT / "tests" / "fixtures" / "talk"
BITRATE = 18_000
LEVEL_RMS = 2600.0
#: For each turn: voice, number of sentences, least and most seconds of pause between them.
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


def read_sentences() -> list[str]:
    """The sentences of the book whose words both flite and PocketSphinx know."""
    known = pocketsphinx_words()
    found = []
    for chapter in sorted((ROOT / "demo" / "book").glob("0[1-9]*.md")):
        text = chapter.read_text(encoding="utf-8").replace("’", "'")
        for paragraph in text.split("\n\n")[1:]:
            for sentence in re.split(r"(?<=[.?!])[”\"]?\s+", " ".join(paragraph.split())):
                plain = sentence.strip("“”\"'— ").replace("“", "").replace("”", "")
                words = split_words(plain)
                if 4 <= len(words) <= 24 and re.fullmatch(r"[A-Za-z' ,;.?!]+", plain) and known.issuperset(words):
                    found.append(plain)
    return list(dict.fromkeys(found))


def pocketsphinx_words() -> set[str]:
    """The words in the dictionary of the packaged model."""
    from pocketsphinx import get_model_path

    lines = Path(get_model_path("en-us"), "cmudict-en-us.dict").read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines}


def split_words(text: str) -> list[str]:
    """The words of a sentence in lower case, with apostrophes."""
    return re.findall(r"[a-z']+", text.lower())


@cache
def count_phones(word: str, voice: str) -> int:
    """The number of phones that flite makes of a word."""
    output = _run_flite("-voice", voice, "-t", word, "-ps", "-o", "/dev/null")
    return sum(sound != "pau" for sound in output.split())


def synthesise_sentence(text: str, voice: str) -> tuple[NDArray[np.float64], list[tuple[str, float, float]]] | None:
    """Synthesise a sentence, without the silence around it, at LEVEL_RMS.

    Returns the samples and (word, start, end) in seconds; None where the numbers of phones do not match.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "line.wav")
        output = _run_flite("-voice", voice, "-t", text, "-psdur", "-o", str(path))
        with wave.open(str(path)) as file:
            rate_hz = file.getframerate()
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    if rate_hz != RATE_HZ:
        import soxr

        samples = soxr.resample(samples, rate_hz, RATE_HZ)
    sounds, at = [], 0.0
    for each in output.split():
        name, _, end = each.rpartition(":")
        if name != "pau":
            sounds.append((at, float(end)))
        at = float(end)
    words = split_words(text)
    counts = [count_phones(word, voice) for word in words]
    if sum(counts) != len(sounds):
        return None
    begin = max(0.0, sounds[0][0] - 0.02)
    marks, first = [], 0
    for word, count in zip(words, counts, strict=True):
        marks.append((word, sounds[first][0] - begin, sounds[first + count - 1][1] - begin))
        first += count
    samples = samples[int(begin * RATE_HZ) : int((sounds[-1][1] + 0.02) * RATE_HZ)]
    return samples * (LEVEL_RMS / np.sqrt(np.mean(samples**2))), marks


def _run_flite(*arguments: str) -> str:
    return subprocess.run(["flite", *arguments], check=True, capture_output=True, text=True).stdout


def generate_breaks() -> Iterator[NDArray[np.float64]]:
    """The sounds between the turns."""
    silence = np.zeros
    while True:
        yield silence(12 * RATE_HZ)
        yield make_music(25.0, seed=1)
        yield silence(45 * RATE_HZ)
        yield make_hum(20.0)
        yield make_brown_noise(15.0, seed=2)
        yield silence(3 * RATE_HZ)


def build_talk() -> tuple[NDArray[np.int16], list[dict[str, object]]]:
    """The samples of the talk, and its words with voice and times."""
    chance = random.Random(4)
    texts = iter(read_sentences() * 4)
    blocks, words, at = [np.zeros(RATE_HZ)], [], RATE_HZ
    for (voice, count, (shortest, longest)), after in zip(TURNS, generate_breaks(), strict=False):
        done = 0
        while done < count:
            spoken = synthesise_sentence(text := next(texts), voice)
            if spoken is None:
                print("left out:", voice, text)
                continue
            samples, marks = spoken
            words += place_words(marks, at, voice)
            pause = np.zeros(int(chance.uniform(shortest, longest) * RATE_HZ))
            blocks += [samples, pause]
            at += len(samples) + len(pause)
            done += 1
        blocks.append(after)
        at += len(after)
    talk = np.concatenate(blocks)
    talk += np.random.default_rng(5).normal(0.0, 12.0, len(talk))  # the noise floor of a room
    return np.clip(np.rint(talk), -32768, 32767).astype(np.int16), words


def place_words(marks: list[tuple[str, float, float]], at: int, voice: str) -> list[dict[str, object]]:
    """The words of a sentence that begins at sample `at`, for `truth.json`."""
    begin = at / RATE_HZ
    return [
        {"word": word, "start": round(begin + start, 3), "end": round(begin + end, 3), "voice": voice}
        for word, start, end in marks
    ]


def write_truth(folder: Path, duration_s: float, words: list[dict[str, object]]) -> None:
    """`truth.json`, a word a line."""
    lines = ",\n".join(json.dumps(word) for word in words)
    (folder / "truth.json").write_text(f'{{"duration_s": {duration_s}, "words": [\n{lines}\n]}}\n')


def encode_opus(samples: NDArray[np.int16], path: Path) -> None:
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
    samples, words = build_talk()
    TALK.mkdir(parents=True, exist_ok=True)
    encode_opus(samples, TALK / "talk.opus")
    duration_s = round(len(samples) / RATE_HZ, 3)
    write_truth(TALK, duration_s, words)
    print(f"{duration_s} s, {len(words)} words, {(TALK / 'talk.opus').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
