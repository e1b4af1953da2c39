"""`make bench`: run the benchmarks (all, or those named) and print their tables.

`--write` writes docs/benchmarks.md, and says there what was left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from tests.benchmarks.efficiency import efficiency
from tests.benchmarks.latency import one_sentence
from tests.benchmarks.memory import memory
from tests.benchmarks.report import Section, machine, measured, write
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


def main(arguments: list[str]) -> None:
    """Run, print and perhaps write."""
    names, writes = [name for name in arguments if name != "--write"], "--write" in arguments
    began = machine()
    print(began)
    sections = measured({name: lambda part=part: [part()] for name, part in _ALL.items()}, names)
    if writes:
        left_out = [name for name in _ALL if names and name not in names]
        write(ROOT / "docs" / "benchmarks.md", sections, began=began, left_out=left_out)


if __name__ == "__main__":
    main(sys.argv[1:])
