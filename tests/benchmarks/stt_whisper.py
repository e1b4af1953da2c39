"""The speed of Whisper compared with other libraries, and with windows of many jobs in one batch.

Random weights of the published size, a fixed number of tokens, no fallback attempts: the same work for all candidates.
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
from pipelines.families.tone import load_recogniser
from pipelines.families.whisper import Whisper, load
from pipelines.families.whisper.checkpoint import read_checkpoint
from pipelines.families.whisper.decode_thresholds import DecodeThresholds
from pipelines.families.whisper.engines.conversion import convert_to_ctranslate2
from pipelines.family import Recognition, TranscriptionInput
from tests.audio_factories import FIXTURES, make_noise
from tests.benchmarks.report import Section, format_range, median
from tests.benchmarks.stt_whisper_weights import END, NEVER, PROMPT, load_openai_model, write_sized
from workers.engines.batching import Batcher
from workers.engines.messages import Lane

THREADS = 2
#: Windows of 30 s in a round, and tokens written for each.
WINDOWS, TOKENS = 16, 50
#: Windows for candidates that take one at a time: their time for one does not depend on the number.
FEW = 4
ROUNDS = 3
RATE = 16_000
_OPEN = DecodeThresholds(compression=math.inf, logprob=-math.inf, no_speech=1.0, loops=False)
#: The options of a request: text without times, as in faster-whisper's batches.
_PLAIN: dict[str, Any] = {"language": "en", "words": False, "options": {"timestamps": False, "detect": False}}

Candidate = tuple[Callable[[Sequence[np.ndarray]], Sequence[int]], int]


def measure_whisper() -> list[Section]:
    """The tables of `make bench-stt` about Whisper."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = {name: write_sized(Path(folder) / name, name, tokens=TOKENS) for name in ("tiny", "base")}
        peers = [_compare_libraries(name, checkpoint) for name, checkpoint in sizes.items()]
        return [*peers, _measure_batching(sizes["tiny"]), _measure_fill()]


def load_sized(checkpoint: Path, engine: str) -> Whisper:
    """A family that accepts any text of random weights."""
    entry = dataclasses.replace(
        Catalog().get("whisper-tiny", "stt"), source=str(checkpoint), engine=engine, threads=THREADS
    )
    family = load(entry, "cpu")
    family.thresholds = _OPEN
    return family


# -- other libraries --------------------------------------------------------------------------------------------------
def _compare_libraries(size: str, checkpoint: Path) -> Section:
    candidates = _candidates(size, checkpoint)
    sound = [make_noise(30, level=0.1, seed=number) for number in range(WINDOWS)]
    wall_times: dict[str, list[float]] = {name: [] for name in candidates}
    costs: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(ROUNDS + 1):
        for name, (transcribe, count) in candidates.items():
            wall, cost = time.perf_counter(), time.process_time()
            written = transcribe(sound[:count])
            wall_times[name].append((time.perf_counter() - wall) / count)
            costs[name].append((time.process_time() - cost) / count)
            assert set(written) == {TOKENS}, (name, written)
        if turn == 0:  # the first round warms up
            for each in (*wall_times.values(), *costs.values()):
                each.clear()
    baseline = median(wall_times["faster-whisper, batches of 8"])
    section = Section(
        f"Whisper {size}: a window of 30 s",
        f"{WINDOWS} windows ({FEW} for those that take one after the other), {TOKENS} tokens each, greedy, no times, "
        f"{THREADS} threads, from samples to text; {ROUNDS} rounds in turn. Processor time leaves out what other "
        "processes of the machine take.",
        ("", "ms for a window", "processor ms", "× real time", "× faster-whisper in batches"),
    )
    for name in candidates:
        wall = median(wall_times[name])
        row = (format_range([1000 * each for each in wall_times[name]]), f"{1000 * median(costs[name]):,.0f}")
        section.rows.append((name, *row, f"{30 / wall:.0f}", f"{baseline / wall:.2f}"))
    ours = min((name for name in candidates if name.startswith("Voicemill")), key=lambda name: median(wall_times[name]))
    theirs = median(wall_times["transformers, float32"])
    section.reading = (
        f"{ours} is {baseline / median(wall_times[ours]):.2f} × as fast as faster-whisper in batches (aim: 1.3) and "
        f"{theirs / median(wall_times[ours]):.1f} × as fast as transformers (aim: 3). By processor time: "
        f"{median(costs['faster-whisper, batches of 8']) / median(costs[ours]):.2f} × and "
        f"{median(costs['transformers, float32']) / median(costs[ours]):.1f} ×."
    )
    return section


def _candidates(size: str, checkpoint: Path) -> dict[str, Candidate]:
    found: dict[str, Candidate] = {}
    folder = checkpoint
    for engine in ("bfloat16", "ctranslate2"):
        try:
            family = load_sized(checkpoint, engine)
        except ModelUnavailable:
            continue  # this processor does not multiply bfloat16
        found[f"Voicemill, {family.engine}"] = (_count_tokens(family), WINDOWS)
        folder = convert_to_ctranslate2(family.entry, read_checkpoint(family.entry), family._tokenizer)
    found |= {name: (transcribe, WINDOWS) for name, transcribe in _faster_whisper(folder).items()}
    found["faster-whisper, one after the other"] = (_faster_whisper_in_turn(folder), FEW)
    found["transformers, float32"] = (_transformers(checkpoint), FEW)
    found["openai-whisper, float32"] = (_openai(checkpoint, size), FEW)
    return found


def _count_tokens(family: Whisper) -> Callable[[Sequence[np.ndarray]], Sequence[int]]:
    written: list[int] = []
    decoder: Any = family._decoder
    generate = decoder.generate

    def counted(*args: Any, **options: Any) -> Any:
        answers = generate(*args, **options)
        written.extend(len(answer.tokens) for answer in answers)
        return answers

    decoder.generate = counted

    def transcribe(sound: Sequence[np.ndarray]) -> Sequence[int]:
        written.clear()
        family.transcribe([TranscriptionInput(window, **_PLAIN) for window in sound], lambda: None)
        return list(written)

    return transcribe


#: Options of faster-whisper; CTranslate2 writes half of `max_new_tokens`.
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

    def transcribe(sound: Sequence[np.ndarray], batch: int) -> Sequence[int]:
        whole = np.concatenate(sound).astype(np.float32) / 32_768
        cuts = [{"start": 30.0 * number, "end": 30.0 * (number + 1)} for number in range(len(sound))]
        found, _ = model.transcribe(whole, clip_timestamps=cuts, batch_size=batch, **_FASTER)
        return [len(segment.tokens) for segment in found]

    return {
        "faster-whisper, batches of 8": lambda sound: transcribe(sound, 8),
        "faster-whisper, batches of 16": lambda sound: transcribe(sound, 16),
    }


def _faster_whisper_in_turn(folder: Path) -> Callable[[Sequence[np.ndarray]], Sequence[int]]:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(folder), compute_type="int8", cpu_threads=THREADS)

    def transcribe(sound: Sequence[np.ndarray]) -> Sequence[int]:
        written = []
        for window in sound:
            found, _ = model.transcribe(window.astype(np.float32) / 32_768, **_FASTER)
            written += [len(segment.tokens) for segment in found]
        return written

    return transcribe


def _transformers(checkpoint: Path) -> Callable[[Sequence[np.ndarray]], Sequence[int]]:
    import torch
    from transformers import pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    recogniser: Any = pipeline(
        "automatic-speech-recognition", model=str(checkpoint), dtype=torch.float32, batch_size=FEW
    )
    options = {
        "language": "en",
        "task": "transcribe",
        "max_new_tokens": TOKENS,
        "min_new_tokens": TOKENS,
        "num_beams": 1,
    }
    written: list[int] = []
    generate = recogniser.model.generate

    def counted(*args: Any, **options: Any) -> Any:
        answer = generate(*args, **options)
        written.extend(int((row < END).sum()) for row in (answer if torch.is_tensor(answer) else answer["tokens"]))
        return answer

    recogniser.model.generate = counted

    def transcribe(sound: Sequence[np.ndarray]) -> Sequence[int]:
        torch.set_num_threads(THREADS)
        written.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            recogniser([window.astype(np.float32) / 32_768 for window in sound], generate_kwargs=options)
        return list(written)

    return transcribe


def _openai(checkpoint: Path, size: str) -> Callable[[Sequence[np.ndarray]], Sequence[int]]:
    import torch

    model = load_openai_model(checkpoint, size)

    def transcribe(sound: Sequence[np.ndarray]) -> Sequence[int]:
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

    return transcribe


# -- many jobs --------------------------------------------------------------------------------------------------------
class _Job:
    """A chunk whose requests go through the worker's batcher."""

    def is_stopped(self) -> bool:
        return False

    def tick(self) -> None: ...

    def charge(self, engine_s: float) -> None: ...


def _measure_batching(checkpoint: Path, *, jobs: int = 16) -> Section:
    """Short jobs on one worker: concurrent and sequential."""
    section = Section(
        f"{jobs} short jobs on one worker (Whisper tiny)",
        f"Each job is one window of 5 s, {TOKENS} tokens, requested through the worker's batcher "
        f"as a chunk of its own; {THREADS} threads; {ROUNDS} rounds in turn.",
        ("engine", "in a row, s", "at once, s", "at once ÷ in a row"),
    )
    requests = [TranscriptionInput(make_noise(5, level=0.1, seed=number), **_PLAIN) for number in range(jobs)]
    for engine in ("ctranslate2", "bfloat16"):
        try:
            family = load_sized(checkpoint, engine)
        except ModelUnavailable:
            continue
        batcher = Batcher(family.transcribe, slots=family.entry.slots)

        def ask(request: TranscriptionInput, batcher: Batcher[TranscriptionInput, Recognition] = batcher) -> None:
            batcher.call([request], lane=Lane.BULK, requester=_Job())

        row, once = [], []
        ask(requests[0])
        for _ in range(ROUNDS):
            row.append(_timed(lambda: _in_sequence(ask, requests)))
            once.append(_timed(lambda: _at_once(ask, requests)))
        batcher.close()
        section.rows.append(
            (family.engine, format_range(row, 2), format_range(once, 2), f"{median(once) / median(row):.2f}")
        )
        family.close()
    section.reading = (
        "Aim: at most 0.6. The encoder works window by window in both; the decoder reads its weights once."
    )
    return section


def _timed(do: Callable[[], Any]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _in_sequence(ask: Callable[[TranscriptionInput], object], requests: Sequence[TranscriptionInput]) -> None:
    for request in requests:
        ask(request)


def _at_once(ask: Callable[[TranscriptionInput], object], requests: Sequence[TranscriptionInput]) -> None:
    threads = [threading.Thread(target=ask, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class _CountingRecogniser:
    """A recogniser without a model that records the sizes of its batches."""

    def __init__(self) -> None:
        self._recogniser = load_recogniser(Catalog().get("tone-listener", "stt"), "cpu")
        self.sizes: list[int] = []

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Callable[[], None]) -> list[Recognition]:
        self.sizes.append(len(requests))
        return self._recogniser.transcribe(requests, tick)


def _measure_fill(*, jobs: int = 64, slots: int = 16) -> Section:
    """The fill of windows of a talk, and of batches while short jobs wait."""
    recogniser = _CountingRecogniser()
    batcher = Batcher(recogniser.transcribe, slots)
    requests = [TranscriptionInput(make_noise(1, level=0.1, seed=number)) for number in range(jobs)]
    _at_once(lambda request: batcher.call([request], lane=Lane.BULK, requester=_Job()), requests)
    batcher.close()
    # The first batch begins when the first job comes, and the last takes what is left: neither has a backlog.
    backlog = recogniser.sizes[1:-1]
    windows = _pack_talk()
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


def _pack_talk() -> list[Window]:
    import av

    packer = WindowPacker(DETECTORS["silero"]())
    windows: list[Window] = []
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(FIXTURES / "talk" / "talk.opus")) as container:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                windows += packer.push(part.to_ndarray()[0])
    return [*windows, *packer.finish()]
