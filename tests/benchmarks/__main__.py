"""`make bench`: run the benchmarks (all, or those named), print their tables, write docs/benchmarks.md when all ran."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

from tests.benchmarks.efficiency import efficiency
from tests.benchmarks.latency import one_sentence
from tests.benchmarks.memory import memory
from tests.benchmarks.report import Section, machine, write
from tests.benchmarks.scale_out import two_machines
from tests.benchmarks.throughput import polling, submits, whole_jobs
from tests.faults.rig import ROOT

_ALL: Mapping[str, Callable[[], Section]] = {
    "submits": submits,
    "jobs": whole_jobs,
    "latency": one_sentence,
    "polling": polling,
    "efficiency": efficiency,
    "memory": memory,
    "machines": two_machines,
}


def main(names: list[str]) -> None:
    """Run, print and, when nothing was left out, write."""
    began, sections = machine(), []
    print(began)
    for name in names or _ALL:
        started = time.monotonic()
        section = _ALL[name]()
        sections.append(section)
        print(f"\n{section.markdown()}\n({name}: {time.monotonic() - started:.0f} s)", flush=True)
    if not names:
        write(ROOT / "docs" / "benchmarks.md", sections, began=began)


if __name__ == "__main__":
    main(sys.argv[1:])
