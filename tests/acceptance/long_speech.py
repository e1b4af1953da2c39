"""Synthesises a long book with one neural voice, in child processes that measure their memory.

`work` does what an engine process does, `stitch` what a sandbox does: `python -m tests.acceptance.long_speech work …`.
Each prints a line of JSON: its memory in each tenth of the work, and its CPU time.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import json
import math
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from jobs.child_environment import engine_environment, sandbox_environment
from pipelines.engines.memory import HeapTrimmer
from pipelines.pipeline import Plan, Span
from tests.pipeline_runner import DirectorySink, PipelineRun, load_family

ROOT = Path(__file__).parents[2]
KIND = "tts.synthesize"
_TENTHS = 10
#: Characters that are synthesised and stitched before memory is measured: all of a short book, which is then repeated.
WARM_UP = 4_500


def synthesise_book(folder: Path, model: str) -> dict[str, Any]:
    """Plan and synthesise `folder`/book.md with `model` in a child; plan and parts stay in `folder`."""
    return _child(engine_environment(), "work", folder, model)


def stitch_book(folder: Path, into: Path, params: Mapping[str, Any]) -> dict[str, Any]:
    """Stitch the parts in `folder` with the request `params` in a child; the files are in `into`/out."""
    return _child(sandbox_environment(), "stitch", folder, into, json.dumps(params))


def _child(environment: Mapping[str, str], *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.acceptance.long_speech", *map(str, arguments)]
    environment = {**environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return answer


# -- in the child ------------------------------------------------------------------------------------------------------
class MemoryWatch:
    """The highest and lowest resident memory (MiB) in each tenth of some work, sampled a hundred times a second."""

    def __init__(self, total: float) -> None:
        self.highest, self.lowest = [0.0] * _TENTHS, [math.inf] * _TENTHS
        self._total, self._tenth = total, 0
        self._process, self._over = psutil.Process(), threading.Event()

    def set_progress(self, done: float) -> None:
        """Report that `done` of the total is done."""
        self._sample()
        self._tenth = min(_TENTHS - 1, int(_TENTHS * done / self._total))

    @contextmanager
    def watching(self) -> Iterator[MemoryWatch]:
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()
            self._sample()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            self._sample()

    def _sample(self) -> None:
        at, now = self._tenth, self._process.memory_info().rss / 2**20
        self.highest[at], self.lowest[at] = max(self.highest[at], now), min(self.lowest[at], now)

    def figures(self) -> dict[str, list[float]]:
        """The figures, for JSON."""
        return {"highest_mib": self.highest, "lowest_mib": self.lowest}


def _work(folder: Path, model: str) -> dict[str, Any]:
    import torch

    from pipelines.audio import faults
    from tests.neural_voices import make_small_entry

    torch.set_num_threads(1)
    # Random weights speak at no human rate: without this, most sentences would be synthesised twice more.
    faults.HUMAN_RATES = (0.0, math.inf)
    entry = make_small_entry(model, folder / "checkpoint")
    run = PipelineRun(KIND, folder, {"model": model, "language": "en", "speech_marks": True, "source_type": "md"})
    run.entry = entry
    run.limits = {"chunk_characters": entry.chunk_characters}
    plan = run.plan(folder / "book.md")
    voice = load_family(entry)
    heap, spans = HeapTrimmer(), list(plan.spans)
    # After a few minutes of speech a process has loaded all libraries, buffers and compiled code.
    for span in itertools.takewhile(lambda span: span.start < WARM_UP, spans):
        run.work(span, voice)
    run.done.clear()
    resident = [_measure_resident()]
    with MemoryWatch(len(spans) - 1).watching() as watch:
        for number, span in enumerate(spans):
            watch.set_progress(number)
            run.work(span, voice)
            heap.trim()
    parts = [(asdict(span), str(path)) for span, path in run.done]
    kept = {"model": model, "header": plan.header, "rate_hz": entry.sample_rate_hz, "parts": parts}
    (folder / "synthesised.json").write_text(json.dumps(kept))
    return {**watch.figures(), "resident_mib": [*resident, _measure_resident()]}


def _measure_resident() -> float:
    """MiB of this process that are in use: garbage is collected, and freed memory is back at the system."""
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # only glibc has it
        trim(0)
    return float(psutil.Process().memory_info().rss) / 2**20


class _WatchedSink(DirectorySink):
    def __init__(self, root: Path, watch: MemoryWatch) -> None:
        super().__init__(root)
        self._watch = watch

    def progress(self, done: float, total: float | None = None) -> None:
        self._watch.set_progress(done)


def _stitch(folder: Path, into: Path, params: str) -> dict[str, Any]:
    kept = json.loads((folder / "synthesised.json").read_text())
    request = {"model": kept["model"], "language": "en", "speech_marks": True, **json.loads(params)}
    done = [(Span(**span), Path(path)) for span, path in kept["parts"]]
    # As above: a process that has stitched once has loaded and allocated what every stitch needs.
    first = PipelineRun(KIND, into / "first", request)
    first.done = list(itertools.takewhile(lambda each: each[0].start < WARM_UP, done))
    first.stitch(Plan(kept["header"], first.done[-1][0].end, "characters", ()))
    run = PipelineRun(KIND, into, request)
    run.done = done
    end = done[-1][0].end
    resident = [_measure_resident()]
    watch = MemoryWatch(end)
    # The loudness pass reports its progress in seconds, beyond the end of the text: all of it is the last tenth.
    run.sink = _WatchedSink(into, watch)
    with watch.watching():
        result = run.stitch(Plan(kept["header"], end, "characters", ()))
    return {**watch.figures(), "resident_mib": [*resident, _measure_resident()], "seconds": result.duration_s}


def main(step: str, folder: str, *rest: str) -> None:
    """Run a step and print its figures."""
    figures = _work(Path(folder), rest[0]) if step == "work" else _stitch(Path(folder), Path(rest[0]), rest[1])
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({**figures, "cpu_s": used.ru_utime + used.ru_stime}))


if __name__ == "__main__":
    main(*sys.argv[1:])
