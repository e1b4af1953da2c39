"""Tables of a benchmark run, as text and as docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


@dataclass
class Section:
    """One benchmark: what was asked, how it was done, what came out."""

    title: str
    method: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    #: What the figures mean, said from the figures.
    reading: str = ""

    def markdown(self) -> str:
        lines = [f"## {self.title}", "", self.method, ""]
        lines.append("| " + " | ".join(self.columns) + " |")
        lines.append("|" + "---|" * len(self.columns))
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in self.rows]
        return "\n".join([*lines, "", self.reading, ""] if self.reading else [*lines, ""])


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median and range, as text."""
    return f"{middle(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def machine() -> str:
    """The machine, in words."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = packages("celery", "sqlalchemy", "psycopg", "granian", "av")
    return (
        f"{len(names)} cores of {names[0] if names else platform.processor()}, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}; {versions}; load average when "
        f"it began {os.getloadavg()[0]:.1f}"
    )


def measured(parts: Mapping[str, Callable[[], Sequence[Section]]], names: Sequence[str]) -> list[Section]:
    """The sections of the named parts (of all where none is named), each printed as it comes."""
    sections: list[Section] = []
    for name in names or parts:
        started = time.monotonic()
        found = parts[name]()
        sections += found
        tables = "\n".join(section.markdown() for section in found)
        print(f"\n{tables}\n({name}: {time.monotonic() - started:.0f} s)", flush=True)
    return sections


def packages(*names: str) -> str:
    """Their versions, for the line about the machine."""
    return ", ".join(f"{name} {version(name)}" for name in names)


def page(head: Sequence[str], sections: Sequence[Section]) -> str:
    """A page of the docs: its first lines, then every table."""
    return "\n".join(head) + "\n" + "\n".join(section.markdown() for section in sections)


def write(path: Path, sections: Sequence[Section], *, began: str, left_out: Sequence[str]) -> None:
    """Write the page."""
    head = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}. {began}.",
        "",
        "Clients, API, workers, Postgres (fsync and synchronous_commit on) and Redis share this one machine.",
        "Where two are compared, their rounds alternate; figures are medians with (lowest–highest).",
        "",
    ]
    if left_out:
        head += [f"Not run for this page: {', '.join(left_out)} (`make bench BENCH=name`).", ""]
    path.write_text(page(head, sections))
