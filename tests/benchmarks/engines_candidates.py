"""One way to run Whisper on a CPU, in a process of its own: loads it, and answers each line of stdin with one of JSON.

    python -m tests.benchmarks.engines_candidates prepare FOLDER [MODEL]     makes what the candidates load
    python -m tests.benchmarks.engines_candidates probe FOLDER               runs every library once, to hear its log
    python -m tests.benchmarks.engines_candidates CANDIDATE FOLDER           the name of a method: see Loaded

The classes are the product's own. What the libraries print goes to stderr.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from pipelines.engines.ctranslate2_engine import INT8_REDUCED_RANGE, precisions
from pipelines.engines.ctranslate2_saturation import has_exact_int8_sums
from pipelines.engines.memory import FreedMemory
from pipelines.engines.reference_speech import reference_speech
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.accuracy import Examination, Reference
from pipelines.families.whisper.decode_thresholds import loop_in
from pipelines.families.whisper.decoding import Decoded, Encoder
from pipelines.families.whisper.features import log_mel
from pipelines.families.whisper.prompt import prompt_tokens
from tests.benchmarks.whisper_published_form import Forms, difference, no_tick, prepare
from tests.faults.rig import ROOT
from tests.material.flite_reader import SECONDS, talk
from tests.material.make_speech import TALK
from tests.material.sounds import RATE_HZ

#: What of a model is meant: both halves in a precision of CTranslate2, or an encoder and the precision of its decoder;
#: a decoder of None is the first that the product would try here.
CANDIDATES: Mapping[str, tuple[str, str | None]] = {
    "CTranslate2 float32": ("", "float32"),
    "CTranslate2 int8": ("", "int8"),
    "CTranslate2 int8_reduced_range": ("", INT8_REDUCED_RANGE),
    "encoder CTranslate2 float32, decoder int8_reduced_range": ("ctranslate2", INT8_REDUCED_RANGE),
    "encoder PyTorch float32": ("torch-float32", None),
    "encoder PyTorch bfloat16": ("torch-bfloat16", None),
    "encoder ONNX Runtime float32": ("onnx-float32", None),
    "encoder ONNX Runtime int8": ("onnx-int8", None),
}
#: Those whose decoders are measured; the others have the decoder of one of them.
DECODERS = tuple(CANDIDATES)[:3]
BATCH = 16
#: Tokens that are written in the shorter and in the longer of two runs: their difference is the time of a token.
SHORT, LONG = 4, 24
#: Most tokens that are written for a clip.
_LONGEST = 120
_WIDTH_S, _PAUSE_S, CLIPS = 12.0, 0.2, 20
#: Kinds of noise and the ratio of speech to it in dB; clips have them in turn.
NOISES = (("white", 10), ("brown", 10), ("white", 6), ("brown", 6))


# -- a candidate ------------------------------------------------------------------------------------------------------
class Loaded:
    """A candidate in memory, and what can be asked of it."""

    def __init__(self, model: Forms, name: str) -> None:
        freed, self.empty_mib = FreedMemory(), _resident_mib()
        self._model = model
        kind, precision = CANDIDATES[name]
        self.precision = precision or precisions(model.entry("ctranslate2"), "cpu")[0]
        encoder = model.encoder(kind) if kind else None
        self._decoder = model.ctranslate2(self.precision)
        self._encoder: Encoder = encoder or self._decoder
        gc.collect()
        time.sleep(2.5)  # so that what is freed is given back, as in a worker between two chunks
        freed.give_back()
        self.resident_mib = _resident_mib()
        self._mel = log_mel(reference_speech(), self._decoder.bins)[None]
        self._prompt = prompt_tokens(model.tokenizer, "en", "transcribe", timestamps=False, text=None, vocabulary=())
        self._is_alike = False

    def loaded(self) -> dict[str, Any]:
        return {
            "offered": True,
            "exact": has_exact_int8_sums(),
            "resident_mib": self.resident_mib,
            "empty_mib": self.empty_mib,
            "precision": self.precision,
        }

    def encode(self) -> dict[str, Any]:
        """Milliseconds of the processor for a window."""
        began = time.process_time()
        self._encoder.encode(self._mel, no_tick)
        return {"ms": 1000 * (time.process_time() - began)}

    def decode(self) -> dict[str, Any]:
        """Milliseconds of the processor to begin a window and for each of its tokens, alone."""
        return {"cost": self._cost(self._encoder.encode(self._mel, no_tick))}

    def decode_together(self) -> dict[str, Any]:
        """The same in a batch, for each of its windows."""
        self._decoder.decodes_in_batches = True
        return {"cost": self._cost(np.repeat(self._encoder.encode(self._mel, no_tick), BATCH, axis=0))}

    def examine(self) -> dict[str, Any]:
        """Accuracy on the reference recording."""
        self._decoder.decodes_in_batches = True
        examination = Examination(self._model.tokenizer)
        states = examination.states(self._encoder, self._decoder.bins)
        reference = examination.reference(Path(self._model.told["ctranslate2"]), _not_prepared)
        self._is_alike = examination.is_alike_in_batches(self._decoder, states, BATCH)
        return {
            "error": examination.error(self._decoder, states, reference),
            "alike": self._is_alike,
            "difference": difference(states, np.load(self._model.folder / "states.npy")),
        }

    def hear(self) -> dict[str, Any]:
        """The text of each clip, and whether it has a loop."""
        self._decoder.decodes_in_batches = self._is_alike
        mels = np.stack([log_mel(samples, self._decoder.bins) for samples, _ in clips()])
        found = self._written(self._encoder.encode(mels, no_tick), _LONGEST)
        return {
            "texts": [self._model.tokenizer.decode(each.tokens) for each in found],
            "loops": [loop_in(each.tokens) is not None for each in found],
        }

    def _cost(self, states: NDArray[Any]) -> tuple[float, float]:
        spent, steps = [], []
        for limit in (SHORT, LONG):
            began = time.process_time()
            found = self._written(states, limit)
            spent.append(1000 * (time.process_time() - began) / len(states))
            steps.append(min(limit, len(found[0].tokens) + 1))  # the end of a text is a token too
        if steps[1] == steps[0]:  # a text of a token or two
            return spent[0], 0.0
        token = (spent[1] - spent[0]) / (steps[1] - steps[0])
        return spent[0] - steps[0] * token, token

    def _written(self, states: NDArray[Any], limit: int) -> list[Decoded]:
        prompts, seeds = [self._prompt] * len(states), [0] * len(states)
        first = self._decoder.attempts[0]
        return self._decoder.generate(states, prompts, first, limit=limit, seeds=seeds, tick=no_tick)


def _resident_mib() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20


def _not_prepared() -> Reference:
    raise SystemExit("run `prepare` first")


# -- speech -----------------------------------------------------------------------------------------------------------
def clips() -> list[tuple[NDArray[np.int16], str]]:
    """Speech of three of Flite's voices under noise, and what is said; always the same."""
    passages = _passages()
    found = []
    for number in range(CLIPS):
        first, last, text = passages[number % len(passages)]
        speech = talk()[int(first * RATE_HZ) : int(last * RATE_HZ)].astype(np.float64)
        kind, ratio_db = NOISES[(number + number // len(passages)) % len(NOISES)]
        noise = _noise(kind, len(speech), number)
        level = np.sqrt(np.mean(speech**2) / 10 ** (ratio_db / 10))
        found.append((np.clip(np.rint(speech + level * noise), -32_768, 32_767).astype(np.int16), text))
    return found


def _passages() -> list[tuple[float, float, str]]:
    """Start, end and words of stretches of one voice, cut at pauses."""
    words = [word for word in json.loads((TALK / "truth.json").read_text())["words"] if word["end"] < SECONDS]
    found, held = list[tuple[float, float, str]](), list[dict[str, Any]]()
    for word, after in zip(words, [*words[1:], None], strict=True):
        held.append(word)
        if after is None or after["voice"] != word["voice"] or after["start"] - word["end"] > 10 * _PAUSE_S:
            held = []  # what is left of a turn is too short
        elif word["end"] - held[0]["start"] > _WIDTH_S and after["start"] - word["end"] > _PAUSE_S:
            text = " ".join(each["word"] for each in held)
            found.append((held[0]["start"] - _PAUSE_S / 2, word["end"] + _PAUSE_S / 2, text))
            held = []
    return found


def _noise(kind: str, length: int, seed: int) -> NDArray[np.float64]:
    """Of a level of 1; brown noise has its power fall with the square of the frequency, from 20 Hz on."""
    white = np.random.default_rng(seed).normal(size=length)
    if kind == "white":
        return white
    spectrum = np.fft.rfft(white) / np.maximum(np.fft.rfftfreq(length, 1 / RATE_HZ), 20.0)
    brown = np.fft.irfft(spectrum, length)
    return brown / np.std(brown)


# -- the process ------------------------------------------------------------------------------------------------------
def _serve(folder: Path, name: str, answer: Callable[[dict[str, Any]], None]) -> None:
    try:
        loaded = Loaded(Forms(folder), name)
    except ModelUnavailable as error:
        answer({"offered": False, "why": str(error)})
        return
    answer(loaded.loaded())
    for line in sys.stdin:
        answer(getattr(loaded, line.strip())())


def _probe(folder: Path) -> dict[str, Any]:
    import torch

    model = Forms(folder)
    for encoder in (model.ctranslate2("int8"), model.encoder("torch-float32")):
        encoder.encode(log_mel(reference_speech(), int(model.checkpoint.config["num_mel_bins"]))[None], no_tick)
    return {"torch": torch.backends.cpu.get_cpu_capability(), "exact": has_exact_int8_sums()}


def main(arguments: Sequence[str]) -> None:
    """See above."""
    name, folder, *rest = arguments
    with os.fdopen(os.dup(1), "w") as lines:
        os.dup2(2, 1)

        def answer(found: dict[str, Any]) -> None:
            print(json.dumps(found), file=lines, flush=True)

        if name == "prepare":
            answer(prepare(Path(folder), Path(rest[0]) if rest else None))
        elif name == "probe":
            answer(_probe(Path(folder)))
        else:
            _serve(Path(folder), name, answer)


# -- from outside -----------------------------------------------------------------------------------------------------
class Child:
    """A candidate's process."""

    def __init__(self, folder: Path, name: str, more: Mapping[str, str], *arguments: str) -> None:
        self._log = (folder / "log.txt").open("a+b")
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), **more}
        command = [sys.executable, "-m", "tests.benchmarks.engines_candidates", name, str(folder), *arguments]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=self._log, text=True
        )

    @classmethod
    def once(cls, folder: Path, name: str, more: Mapping[str, str], *arguments: str) -> dict[str, Any]:
        """The one answer of a process that ends with it."""
        child = cls(folder, name, more, *arguments)
        found = child.answer()
        child.close()
        return found

    def answer(self) -> dict[str, Any]:
        """Its next line. Raises RuntimeError with the end of its log when it ended instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._log.seek(0)
            raise RuntimeError(self._log.read()[-2_000:].decode(errors="replace"))
        return json.loads(line)

    def ask(self, what: str) -> dict[str, Any]:
        """Tell it, and wait for the answer."""
        self.tell(what)
        return self.answer()

    def tell(self, what: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.communicate()
        self._log.close()


def in_pairs(children: Mapping[str, Child], names: Sequence[str], what: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What takes long and is not timed, two at once."""
    for at in range(0, len(names), 2):
        for name in names[at : at + 2]:
            children[name].tell(what)
        for name in names[at : at + 2]:
            yield name, children[name].answer()


if __name__ == "__main__":
    main(sys.argv[1:])
