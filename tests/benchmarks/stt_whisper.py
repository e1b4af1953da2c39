"""How fast Whisper hears here: beside its peers, and with the windows of many jobs beside each other.

Random weights of the real size, a fixed number of tokens, no second attempts: the same work for everyone.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.audio.vad import DETECTORS
from pipelines.audio.windows import WINDOW, Window, WindowPacker
from pipelines.catalog.catalog import Catalog
from pipelines.errors import ModelUnavailable
from pipelines.families.tone import load_listener
from pipelines.families.whisper import Whisper, load
from pipelines.families.whisper.checkpoint import opened
from pipelines.families.whisper.decode_thresholds import Gates
from pipelines.families.whisper.engines.conversion import ctranslate2_folder
from pipelines.family import RecogniseRequest, Recognition
from tests.benchmarks.report import Section, middle, spread
from tests.benchmarks.stt_whisper_weights import END, NEVER, PROMPT, openai_model, write_sized
from tests.factories import FIXTURES, make_noise
from workers.engines.batching import Batcher

THREADS = 2
#: Windows of 30 s in a round, and tokens written for each.
WINDOWS, TOKENS = 16, 50
#: Who hears window by window is given so many of them: its time for one does not depend on their number.
FEW = 4
ROUNDS = 3
RATE = 16_000
_OPEN = Gates(compression=math.inf, logprob=-math.inf, no_speech=1.0, loops=False)
#: How a window is asked for: as text without times, as faster-whisper's batches have it.
_PLAIN: dict[str, Any] = {"language": "en", "words": False, "options": {"timestamps": False, "detect": False}}

Contestant = tuple[Callable[[Sequence[np.ndarray]], Sequence[int]], int]


def whisper_sections() -> list[Section]:
    """The tables of `make bench-stt` about Whisper."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = {name: write_sized(Path(folder) / name, name, tokens=TOKENS) for name in ("tiny", "base")}
        peers = [_peers(name, checkpoint) for name, checkpoint in sizes.items()]
        return [*peers, _cross_job(sizes["tiny"]), _fill()]


def load_sized(checkpoint: Path, engine: str) -> Whisper:
    """A family that believes what random weights say."""
    entry = dataclasses.replace(
        Catalog().get("whisper-tiny", "stt"), source=str(checkpoint), engine=engine, threads=THREADS
    )
    family = load(entry, "cpu")
    family.gates = _OPEN
    return family


# -- beside the peers -------------------------------------------------------------------------------------------------
def _peers(size: str, checkpoint: Path) -> Section:
    contestants = _contestants(size, checkpoint)
    sound = [make_noise(30, level=0.1, seed=number) for number in range(WINDOWS)]
    walls: dict[str, list[float]] = {name: [] for name in contestants}
    costs: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(ROUNDS + 1):
        for name, (hear, count) in contestants.items():
            wall, cost = time.perf_counter(), time.process_time()
            written = hear(sound[:count])
            walls[name].append((time.perf_counter() - wall) / count)
            costs[name].append((time.process_time() - cost) / count)
            assert set(written) == {TOKENS}, (name, written)
        if turn == 0:  # to warm up
            for each in (*walls.values(), *costs.values()):
                each.clear()
    rival = middle(walls["faster-whisper, batches of 8"])
    section = Section(
        f"Whisper {size}: a window of 30 s",
        f"{WINDOWS} windows ({FEW} for who hears one after the other), {TOKENS} tokens each, greedy, no times, "
        f"{THREADS} threads, from samples to text; {ROUNDS} rounds in turn. Processor time leaves out what other "
        "processes of the machine take.",
        ("", "ms for a window", "processor ms", "× real time", "× faster-whisper in batches"),
    )
    for name in contestants:
        wall = middle(walls[name])
        row = (spread([1000 * each for each in walls[name]]), f"{1000 * middle(costs[name]):,.0f}")
        section.rows.append((name, *row, f"{30 / wall:.0f}", f"{rival / wall:.2f}"))
    ours = min((name for name in contestants if name.startswith("Voicemill")), key=lambda name: middle(walls[name]))
    theirs = middle(walls["transformers, float32"])
    section.reading = (
        f"{ours} is {rival / middle(walls[ours]):.2f} × as fast as faster-whisper in batches (aim: 1.3) and "
        f"{theirs / middle(walls[ours]):.1f} × as fast as transformers (aim: 3). By processor time: "
        f"{middle(costs['faster-whisper, batches of 8']) / middle(costs[ours]):.2f} × and "
        f"{middle(costs['transformers, float32']) / middle(costs[ours]):.1f} ×."
    )
    return section


def _contestants(size: str, checkpoint: Path) -> dict[str, Contestant]:
    found: dict[str, Contestant] = {}
    folder = checkpoint
    for engine in ("bfloat16", "ctranslate2"):
        try:
            family = load_sized(checkpoint, engine)
        except ModelUnavailable:
            continue  # this processor does not multiply bfloat16
        found[f"Voicemill, {family.engine}"] = (_ours(family), WINDOWS)
        folder = ctranslate2_folder(family.entry, opened(family.entry), family._tokenizer)
    found |= {name: (hear, WINDOWS) for name, hear in _faster_whisper(folder).items()}
    found["faster-whisper, one after the other"] = (_faster_whisper_in_turn(folder), FEW)
    found["transformers, float32"] = (_transformers(checkpoint), FEW)
    found["openai-whisper, float32"] = (_openai(checkpoint, size), FEW)
    return found


def _ours(family: Whisper) -> Callable[[Sequence[np.ndarray]], Sequence[int]]:
    written: list[int] = []
    decoder: Any = family._decoder
    generate = decoder.generate

    def counted(*told: Any, **more: Any) -> Any:
        answers = generate(*told, **more)
        written.extend(len(answer.tokens) for answer in answers)
        return answers

    decoder.generate = counted

    def hear(sound: Sequence[np.ndarray]) -> Sequence[int]:
        written.clear()
        family.recognise([RecogniseRequest(window, **_PLAIN) for window in sound], lambda: None)
        return list(written)

    return hear


#: What faster-whisper is told: half of its longest text is what CTranslate2 writes.
_FASTER: dict[str, Any] = {
    "language": "en",
    "beam_size": 1,
    "temperature": 0.0,
    "without_timestamps": True,
    "suppress_tokens": NEVER,
    "compression_ratio_threshold": None,
    "log_prob_threshold": None,
    "no_speech_threshold": None,
    "max_new_tokens": 2 * TOKENS - PROMPT,
    "vad_filter": False,
    "condition_on_previous_text": False,
}


def _faster_whisper(folder: Path) -> dict[str, Callable[[Sequence[np.ndarray]], Sequence[int]]]:
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = BatchedInferencePipeline(WhisperModel(str(folder), compute_type="int8", cpu_threads=THREADS))

    def hear(sound: Sequence[np.ndarray], batch: int) -> Sequence[int]:
        whole = np.concatenate(sound).astype(np.float32) / 32_768
        cuts = [{"start": 30.0 * number, "end": 30.0 * (number + 1)} for number in range(len(sound))]
        found, _ = model.transcribe(whole, clip_timestamps=cuts, batch_size=batch, **_FASTER)
        return [len(segment.tokens) for segment in found]

    return {
        "faster-whisper, batches of 8": lambda sound: hear(sound, 8),
        "faster-whisper, batches of 16": lambda sound: hear(sound, 16),
    }


def _faster_whisper_in_turn(folder: Path) -> Callable[[Sequence[np.ndarray]], Sequence[int]]:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(folder), compute_type="int8", cpu_threads=THREADS)

    def hear(sound: Sequence[np.ndarray]) -> Sequence[int]:
        written = []
        for window in sound:
            found, _ = model.transcribe(window.astype(np.float32) / 32_768, **_FASTER)
            written += [len(segment.tokens) for segment in found]
        return written

    return hear


def _transformers(checkpoint: Path) -> Callable[[Sequence[np.ndarray]], Sequence[int]]:
    import torch
    from transformers import pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    hearer = pipeline("automatic-speech-recognition", model=str(checkpoint), dtype=torch.float32, batch_size=FEW)
    asked = {"language": "en", "task": "transcribe", "max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "num_beams": 1}
    written: list[int] = []
    generate = hearer.model.generate

    def counted(*told: Any, **more: Any) -> Any:
        answer = generate(*told, **more)
        written.extend(int((row < END).sum()) for row in (answer if torch.is_tensor(answer) else answer["tokens"]))
        return answer

    hearer.model.generate = counted

    def hear(sound: Sequence[np.ndarray]) -> Sequence[int]:
        torch.set_num_threads(THREADS)
        written.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            hearer([window.astype(np.float32) / 32_768 for window in sound], generate_kwargs=asked)
        return list(written)

    return hear


def _openai(checkpoint: Path, size: str) -> Callable[[Sequence[np.ndarray]], Sequence[int]]:
    import torch

    model = openai_model(checkpoint, size)

    def hear(sound: Sequence[np.ndarray]) -> Sequence[int]:
        torch.set_num_threads(THREADS)
        written = []
        for window in sound:
            found = model.transcribe(
                window.astype(np.float32) / 32_768,
                language="en",
                fp16=False,
                temperature=0.0,
                without_timestamps=True,
                compression_ratio_threshold=None,
                logprob_threshold=None,
                no_speech_threshold=None,
                condition_on_previous_text=False,
                sample_len=TOKENS,
                suppress_tokens=",".join(map(str, NEVER)),
            )
            written += [len(segment["tokens"]) for segment in found["segments"]]
        return written

    return hear


# -- many jobs --------------------------------------------------------------------------------------------------------
class _Job:
    """A chunk that asks through the worker's batcher."""

    def is_stopped(self) -> bool:
        return False

    def tick(self) -> None: ...


def _cross_job(checkpoint: Path, *, jobs: int = 16) -> Section:
    """Short jobs on one worker: all at once and in a row."""
    section = Section(
        f"{jobs} short jobs on one worker (Whisper tiny)",
        f"Each job is one window of 5 s, {TOKENS} tokens, requested through the worker's batcher "
        f"as a chunk of its own; {THREADS} threads; {ROUNDS} rounds in turn.",
        ("engine", "in a row, s", "at once, s", "at once ÷ in a row"),
    )
    requests = [RecogniseRequest(make_noise(5, level=0.1, seed=number), **_PLAIN) for number in range(jobs)]
    for engine in ("ctranslate2", "bfloat16"):
        try:
            family = load_sized(checkpoint, engine)
        except ModelUnavailable:
            continue
        batcher = Batcher(family, slots=family.entry.slots)

        def ask(request: RecogniseRequest, batcher: Batcher = batcher) -> None:
            batcher.call("recognise", [request], lane="bulk", owner=_Job())

        row, once = [], []
        ask(requests[0])
        for _ in range(ROUNDS):
            row.append(_timed(lambda: [ask(request) for request in requests]))
            once.append(_timed(lambda: _at_once(ask, requests)))
        batcher.close()
        section.rows.append((family.engine, spread(row, 2), spread(once, 2), f"{middle(once) / middle(row):.2f}"))
        family.close()
    section.reading = (
        "Aim: at most 0.6. The encoder works window by window in both; the decoder reads its weights once."
    )
    return section


def _timed(do: Callable[[], Any]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _at_once(ask: Callable[[RecogniseRequest], None], requests: Sequence[RecogniseRequest]) -> None:
    threads = [threading.Thread(target=ask, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class _Counting:
    """A listener that needs no model, and the sizes of the batches that reached it."""

    def __init__(self) -> None:
        self._listener = load_listener(Catalog().get("tone-listener", "stt"), "cpu")
        self.sizes: list[int] = []

    def recognise(self, requests: Sequence[RecogniseRequest], tick: Callable[[], None]) -> list[Recognition]:
        self.sizes.append(len(requests))
        return self._listener.recognise(requests, tick)


def _fill(*, jobs: int = 64, slots: int = 16) -> Section:
    """How full the windows of a talk are, and the batches while short jobs wait."""
    listener = _Counting()
    batcher = Batcher(listener, slots)
    requests = [RecogniseRequest(make_noise(1, level=0.1, seed=number)) for number in range(jobs)]
    _at_once(lambda request: batcher.call("recognise", [request], lane="bulk", owner=_Job()), requests)
    batcher.close()
    # The first batch begins when the first job comes, and the last takes what is left: neither has a backlog.
    backlog = listener.sizes[1:-1]
    windows = _windows_of_the_talk()
    shares = [len(window.samples) / WINDOW for window in windows]
    section = Section(
        "How full windows and batches are",
        "Windows: the talk of tests/fixtures (several voices, pauses, noises), packed as every recording is. Batches: "
        f"{jobs} jobs of one window each, at once, for a model of {slots} slots.",
        ("", "number", "mean fill"),
    )
    section.rows.append(("windows of 30 s", str(len(windows)), f"{100 * np.mean(shares):.0f} %"))
    section.rows.append(("batches while jobs wait", str(len(backlog)), f"{100 * np.mean(backlog) / slots:.0f} %"))
    section.reading = (
        "Aim: 90 % while there is a backlog. Windows end at pauses: where speech has none, they stay less full."
    )
    return section


def _windows_of_the_talk() -> list[Window]:
    import av

    packer = WindowPacker(DETECTORS["silero"]())
    windows: list[Window] = []
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(FIXTURES / "talk" / "talk.opus")) as container:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                windows += packer.push(part.to_ndarray()[0])
    return [*windows, *packer.finish()]
