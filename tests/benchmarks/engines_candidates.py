"""A way to run Whisper on a CPU, in a process of its own. Answers each line of stdin with a line of JSON.

    python -m tests.benchmarks.engines_candidates prepare FOLDER [MODEL]     writes the model in all forms
    python -m tests.benchmarks.engines_candidates probe FOLDER               runs every library once, for its log
    python -m tests.benchmarks.engines_candidates CANDIDATE FOLDER           input: names of methods of Candidate

The classes are the product's own. The output of the libraries goes to stderr.
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

from pipelines.engines.ctranslate2_engine import INT8_REDUCED_RANGE, list_precisions
from pipelines.engines.ctranslate2_saturation import has_exact_int8_sums
from pipelines.engines.memory import HeapTrimmer
from pipelines.engines.reference_speech import load_reference_speech
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.accuracy import AccuracyCheck, ReferenceOutput
from pipelines.families.whisper.decode_thresholds import find_loop
from pipelines.families.whisper.decoding import DecodedText, EncoderEngine
from pipelines.families.whisper.features import compute_log_mel
from pipelines.families.whisper.prompt import build_prompt
from tests.benchmarks.whisper_forms import WhisperForms, no_tick, prepare, relative_difference
from tests.faults.rig import ROOT
from tests.material.make_speech import TALK
from tests.material.recorded_voice import SECONDS, load_talk
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
class Candidate:
    """A loaded candidate, with its measurements as methods."""

    def __init__(self, model: WhisperForms, name: str) -> None:
        heap, self.empty_mib = HeapTrimmer(), _resident_mib()
        self._model = model
        kind, precision = CANDIDATES[name]
        self.precision = precision or list_precisions(model.entry("ctranslate2"), "cpu")[0]
        encoder = model.encoder(kind) if kind else None
        self._decoder = model.ctranslate2(self.precision)
        self._encoder: EncoderEngine = encoder or self._decoder
        gc.collect()
        time.sleep(2.5)  # freed memory is returned to the system after a while
        heap.trim()
        self.resident_mib = _resident_mib()
        self._mel = compute_log_mel(load_reference_speech(), self._decoder.bins)[None]
        self._prompt = build_prompt(model.tokenizer, "en", "transcribe", timestamps=False, text=None, vocabulary=())
        self._is_alike = False

    def describe(self) -> dict[str, Any]:
        return {
            "offered": True,
            "exact": has_exact_int8_sums(),
            "resident_mib": self.resident_mib,
            "empty_mib": self.empty_mib,
            "precision": self.precision,
        }

    def encode(self) -> dict[str, Any]:
        """Milliseconds of CPU time for a window."""
        began = time.process_time()
        self._encoder.encode(self._mel, no_tick)
        return {"ms": 1000 * (time.process_time() - began)}

    def decode(self) -> dict[str, Any]:
        """Milliseconds of CPU time to begin a window, and for each token of a single window."""
        return {"cost": self._measure_cost(self._encoder.encode(self._mel, no_tick))}

    def decode_together(self) -> dict[str, Any]:
        """As `decode`, for each window of a batch."""
        self._decoder.decodes_in_batches = True
        return {"cost": self._measure_cost(np.repeat(self._encoder.encode(self._mel, no_tick), BATCH, axis=0))}

    def measure_accuracy(self) -> dict[str, Any]:
        """The accuracy on the reference recording."""
        self._decoder.decodes_in_batches = True
        check = AccuracyCheck(self._model.tokenizer)
        states = check.encode(self._encoder, self._decoder.bins)
        reference = check.load_reference(Path(self._model.paths["ctranslate2"]), _not_prepared)
        self._is_alike = check.is_equal_in_batches(self._decoder, states, BATCH)
        return {
            "error": check.measure_error(self._decoder, states, reference),
            "alike": self._is_alike,
            "relative_difference": relative_difference(states, np.load(self._model.folder / "states.npy")),
        }

    def recognise(self) -> dict[str, Any]:
        """The text of each clip, and whether it contains a loop."""
        self._decoder.decodes_in_batches = self._is_alike
        mels = np.stack([compute_log_mel(samples, self._decoder.bins) for samples, _ in load_clips()])
        found = self._generate(self._encoder.encode(mels, no_tick), _LONGEST)
        return {
            "texts": [self._model.tokenizer.decode(each.tokens) for each in found],
            "loops": [find_loop(each.tokens) is not None for each in found],
        }

    def _measure_cost(self, states: NDArray[Any]) -> tuple[float, float]:
        spent, steps = [], []
        for limit in (SHORT, LONG):
            began = time.process_time()
            found = self._generate(states, limit)
            spent.append(1000 * (time.process_time() - began) / len(states))
            steps.append(min(limit, len(found[0].tokens) + 1))  # the end of a text is a token too
        if steps[1] == steps[0]:  # a text of a token or two
            return spent[0], 0.0
        token = (spent[1] - spent[0]) / (steps[1] - steps[0])
        return spent[0] - steps[0] * token, token

    def _generate(self, states: NDArray[Any], limit: int) -> list[DecodedText]:
        prompts, seeds = [self._prompt] * len(states), [0] * len(states)
        first = self._decoder.attempts[0]
        return self._decoder.generate(states, prompts, first, limit=limit, seeds=seeds, tick=no_tick)


def _resident_mib() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20


def _not_prepared() -> ReferenceOutput:
    raise SystemExit("run `prepare` first")


# -- speech -----------------------------------------------------------------------------------------------------------
def load_clips() -> list[tuple[NDArray[np.int16], str]]:
    """Speech of three of Flite's voices under noise, and its text; always the same."""
    passages = _load_passages()
    found = []
    for number in range(CLIPS):
        first, last, text = passages[number % len(passages)]
        speech = load_talk()[int(first * RATE_HZ) : int(last * RATE_HZ)].astype(np.float64)
        kind, ratio_db = NOISES[(number + number // len(passages)) % len(NOISES)]
        noise = _make_noise(kind, len(speech), number)
        level = np.sqrt(np.mean(speech**2) / 10 ** (ratio_db / 10))
        found.append((np.clip(np.rint(speech + level * noise), -32_768, 32_767).astype(np.int16), text))
    return found


def _load_passages() -> list[tuple[float, float, str]]:
    """Start, end and text of passages of one voice, split at pauses."""
    words = [word for word in json.loads((TALK / "truth.json").read_text())["words"] if word["end"] < SECONDS]
    found, held = list[tuple[float, float, str]](), list[dict[str, Any]]()
    for word, after in zip(words, [*words[1:], None], strict=True):
        held.append(word)
        if after is None or after["voice"] != word["voice"] or after["start"] - word["end"] > 10 * _PAUSE_S:
            held = []  # the rest of a turn is too short
        elif word["end"] - held[0]["start"] > _WIDTH_S and after["start"] - word["end"] > _PAUSE_S:
            text = " ".join(each["word"] for each in held)
            found.append((held[0]["start"] - _PAUSE_S / 2, word["end"] + _PAUSE_S / 2, text))
            held = []
    return found


def _make_noise(kind: str, length: int, seed: int) -> NDArray[np.float64]:
    """Noise of standard deviation 1; the power of brown noise falls with the square of the frequency, from 20 Hz on."""
    white = np.random.default_rng(seed).normal(size=length)
    if kind == "white":
        return white
    spectrum = np.fft.rfft(white) / np.maximum(np.fft.rfftfreq(length, 1 / RATE_HZ), 20.0)
    brown = np.fft.irfft(spectrum, length)
    return brown / np.std(brown)


# -- the process ------------------------------------------------------------------------------------------------------
def _serve(folder: Path, name: str, answer: Callable[[dict[str, Any]], None]) -> None:
    try:
        candidate = Candidate(WhisperForms(folder), name)
    except ModelUnavailable as error:
        answer({"offered": False, "why": str(error)})
        return
    answer(candidate.describe())
    for line in sys.stdin:
        answer(getattr(candidate, line.strip())())


def _probe_libraries(folder: Path) -> dict[str, Any]:
    import torch

    model = WhisperForms(folder)
    for encoder in (model.ctranslate2("int8"), model.encoder("torch-float32")):
        encoder.encode(
            compute_log_mel(load_reference_speech(), int(model.checkpoint.config["num_mel_bins"]))[None], no_tick
        )
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
            answer(_probe_libraries(Path(folder)))
        else:
            _serve(Path(folder), name, answer)


# -- the parent process -----------------------------------------------------------------------------------------------
class CandidateProcess:
    """The process of a candidate, seen from its parent."""

    def __init__(self, folder: Path, name: str, more: Mapping[str, str], *arguments: str) -> None:
        self._log = (folder / "log.txt").open("a+b")
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), **more}
        command = [sys.executable, "-m", "tests.benchmarks.engines_candidates", name, str(folder), *arguments]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=self._log, text=True
        )

    @classmethod
    def run_once(cls, folder: Path, name: str, more: Mapping[str, str], *arguments: str) -> dict[str, Any]:
        """Run a process that gives one answer."""
        child = cls(folder, name, more, *arguments)
        found = child.read_answer()
        child.close()
        return found

    def read_answer(self) -> dict[str, Any]:
        """Read the next answer. Raises RuntimeError with the end of the log if the process has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._log.seek(0)
            raise RuntimeError(self._log.read()[-2_000:].decode(errors="replace"))
        return json.loads(line)

    def ask(self, what: str) -> dict[str, Any]:
        """Send a request and read the answer."""
        self.send(what)
        return self.read_answer()

    def send(self, what: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.communicate()
        self._log.close()


def ask_in_pairs(
    children: Mapping[str, CandidateProcess], names: Sequence[str], what: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Send a request that is not timed, to two processes at a time."""
    for at in range(0, len(names), 2):
        for name in names[at : at + 2]:
            children[name].send(what)
        for name in names[at : at + 2]:
            yield name, children[name].read_answer()


if __name__ == "__main__":
    main(sys.argv[1:])
