"""Runs the pipelines in plain processes: the upper bound that `efficiency` compares with.

`python -m tests.benchmarks.bare_loop KIND MODEL FORMAT PROCESSES FILE…` prints the seconds that plan, work (chunks in
parallel in so many processes, their models already loaded) and stitch took for all files.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pipelines.pipeline import Span
from tests.pipeline_runner import PipelineRun, load_family

_family: Any = None
_ready: Any = None


def _load(run: PipelineRun, ready: Any) -> None:
    global _family
    _family = load_family(run.entry)
    ready.release()


def _work(task: tuple[PipelineRun, Span]) -> Path:
    run, span = task
    run.work(span, _family)
    return run.parts[-1]


def _whole_job(task: tuple[str, str, str, Path]) -> None:
    """Run all steps of a short job in this process."""
    kind, model, form, path = task
    with tempfile.TemporaryDirectory() as directory:
        _make_run(kind, model, form, Path(directory)).run_all(path, _family)


def _make_run(kind: str, model: str, form: str, root: Path) -> PipelineRun:
    params: dict[str, Any] = {"model": model, "format": form, "source_type": "epub"}
    if kind.startswith("stt"):
        params = {"model": model, "language": "en"}
    return PipelineRun(kind, root, params)


def main(kind: str, model: str, form: str, processes: str, *files: str) -> None:
    """Measure the seconds and print them."""
    with tempfile.TemporaryDirectory() as directory:
        run = _make_run(kind, model, form, Path(directory))
        context = multiprocessing.get_context("spawn")
        ready = context.Semaphore(0)
        with context.Pool(int(processes), _load, (run, ready)) as pool:
            for _ in range(int(processes)):
                ready.acquire()
            began = time.monotonic()
            if len(files) == 1:
                plan = run.plan(Path(files[0]))
                parts = pool.map(_work, [(run, span) for span in plan.spans], chunksize=1)
                run.done.extend(zip(plan.spans, parts, strict=True))
                run.stitch(plan)
            else:
                pool.map(_whole_job, [(kind, model, form, Path(file)) for file in files], chunksize=1)
            print(time.monotonic() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
