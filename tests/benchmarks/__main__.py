"""`make bench`: runs all benchmarks, or those named, and prints their tables.

`--write` writes docs/measurements/benchmarks.md, with the names of benchmarks that were left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from tests.benchmarks.command_line import measure_commands
from tests.benchmarks.efficiency import measure_efficiency
from tests.benchmarks.latency import measure_latency
from tests.benchmarks.memory import measure_memory
from tests.benchmarks.report import Section, describe_machine, parse_arguments, run_sections, write_page
from tests.benchmarks.scale_out import measure_scale_out
from tests.benchmarks.throughput import measure_jobs, measure_polling, measure_submits
from tests.faults.rig import ROOT

_ALL: Mapping[str, Callable[[], Sequence[Section]]] = {
    "submits": lambda: [measure_submits()],
    "jobs": lambda: [measure_jobs()],
    "latency": lambda: [measure_latency()],
    "polling": lambda: [measure_polling()],
    "efficiency": lambda: [measure_efficiency()],
    "memory": lambda: [measure_memory()],
    "cli": lambda: [measure_commands()],
    "machines": lambda: [measure_scale_out()],
}


def main(arguments: Sequence[str]) -> None:
    """Run the benchmarks and print their tables; write the page with `--write`."""
    options = parse_arguments("Measure what the platform costs.", _ALL, arguments)
    began = describe_machine()
    print(began)
    sections = run_sections(_ALL, options.names)
    if options.write:
        left_out = [name for name in _ALL if options.names and name not in options.names]
        write_page(ROOT / "docs" / "measurements" / "benchmarks.md", sections, began=began, left_out=left_out)


if __name__ == "__main__":
    main(sys.argv[1:])
