"""The tables of a benchmark run, printed and as a page of docs/measurements."""

from __future__ import annotations

import argparse
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
    """One benchmark: its method, its figures, and what they mean."""

    title: str
    method: str
    columns: Sequence[str]
    rows: list[Sequence[object]] = field(default_factory=list)
    #: A conclusion from the figures.
    reading: str = ""

    def markdown(self) -> str:
        lines = [f"## {self.title}", "", self.method, ""]
        lines.append("| " + " | ".join(self.columns) + " |")
        lines.append("|" + "---|" * len(self.columns))
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in self.rows]
        return "\n".join([*lines, "", self.reading, ""] if self.reading else [*lines, ""])


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def format_range(values: Sequence[float], digits: int = 0) -> str:
    """Median and range, as text."""
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def describe_machine() -> str:
    """A line about the machine and the versions of packages."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = describe_packages("celery", "sqlalchemy", "psycopg", "granian", "av")
    return (
        f"{len(names)} cores of {names[0] if names else platform.processor()}, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}; {versions}; load average when "
        f"it began {os.getloadavg()[0]:.1f}"
    )


def parse_arguments(description: str, parts: Mapping[str, object], arguments: Sequence[str]) -> argparse.Namespace:
    """`names` of parts and `write`, from the command line. Exits with a message for an unknown name."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("names", nargs="*", metavar="part", help=f"all, or some of {', '.join(parts)}")
    parser.add_argument("--write", action="store_true", help="write the page in docs/measurements")
    parsed = parser.parse_args(arguments)
    if unknown := [name for name in parsed.names if name not in parts]:
        parser.error(f"unknown parts {unknown}; there are {', '.join(parts)}")
    return parsed


def run_sections(parts: Mapping[str, Callable[[], Sequence[Section]]], names: Sequence[str]) -> list[Section]:
    """Run the named parts, or all, and print their sections; returns the sections."""
    sections: list[Section] = []
    for name in names or parts:
        started = time.monotonic()
        found = parts[name]()
        sections += found
        tables = "\n".join(section.markdown() for section in found)
        print(f"\n{tables}\n({name}: {time.monotonic() - started:.0f} s)", flush=True)
    return sections


def describe_packages(*names: str) -> str:
    """Names and versions of packages, as text."""
    return ", ".join(f"{name} {version(name)}" for name in names)


def render_page(head: Sequence[str], sections: Sequence[Section]) -> str:
    """The Markdown of a page: its first lines, then the sections."""
    return "\n".join(head) + "\n" + "\n".join(section.markdown() for section in sections)


def write_page(path: Path, sections: Sequence[Section], *, began: str, left_out: Sequence[str]) -> None:
    """Write the page of `make bench`."""
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
    path.write_text(render_page(head, sections))
