"""Removes one guard at a time and requires that a test for it fails.

A mutation is a `*.patch` beside this file: a line of prose, a line `Test: <pytest node id>` (or several), then a
unified diff that removes a guard. Each is applied to a fresh copy of the tree and its tests are run there. A mutation
is detected when at least one test *fails* (exit code 1). A collection error, an error of a fixture, a timeout or a
patch that no longer applies proves nothing, and neither does a test that does not pass on the unchanged tree.

The copy has an interpreter of its own, with the installed packages of this one and the copy as its only project: a
child process with an empty environment finds the copy too, instead of the editable installation of this tree.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import venv
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT))  # as a script it finds only its own folder

from tests.services.machine_speed import LoadAwareDeadline  # noqa: E402

#: Seconds for all tests together on the unchanged tree, on an idle machine.
BASELINE_S = 3600.0
#: Seconds between two checks of a run.
CHECK_EVERY_S = 1.0
EXCLUDED = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis", "build", "dist"
)


@dataclass(frozen=True, slots=True)
class Mutation:
    """A patch and the tests that must detect it."""

    path: Path
    tests: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Mutation:
        """Raises ValueError where the header names no test."""
        header = path.read_text(encoding="utf-8").split("\n--- ", 1)[0].splitlines()
        tests = tuple(line.removeprefix("Test:").strip() for line in header if line.startswith("Test:"))
        if not tests:
            raise ValueError(f"{path.name}: no line `Test: <node id>` before the diff")
        return cls(path, tests)


@dataclass(frozen=True, slots=True)
class Run:
    """The result of a pytest run: its exit code (None = it timed out) and the counts of its outcomes."""

    exit_code: int | None
    passed: int = 0
    failed: int = 0
    errors: int = 0
    timeouts: int = 0
    output: str = ""

    @property
    def has_passed(self) -> bool:
        return self.exit_code == 0 and self.passed > 0

    @property
    def has_failed(self) -> bool:
        return self.exit_code == 1 and self.failed > 0 and not self.errors

    def describe(self) -> str:
        if self.exit_code is None:
            return "timed out"
        counts = ("passed", "failed", "errors", "timeouts")
        return f"exit {self.exit_code}: " + ", ".join(f"{getattr(self, count)} {count}" for count in counts)


class Copy:
    """A copy of the tree with an interpreter of its own."""

    def __init__(self, root: Path, place: Path) -> None:
        self.tree = place / "tree"
        shutil.copytree(root, self.tree, ignore=EXCLUDED, symlinks=True)
        self._make_interpreter()

    def _make_interpreter(self) -> None:
        folder = self.tree / ".venv"
        venv.create(folder, symlinks=True)
        self.python = folder / "bin" / "python"
        packages = next(folder.glob("lib/python*/site-packages"))
        # A line of a .pth file adds a directory without reading its .pth files, so without the editable installation.
        paths = dict.fromkeys([str(self.tree), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
        (packages / "copy.pth").write_text("".join(f"{path}\n" for path in paths))
        here, there = sys.executable, str(self.python)
        for program in Path(sysconfig.get_path("scripts")).iterdir():
            target = folder / "bin" / program.name
            if target.exists() or not program.is_file():
                continue
            head = program.read_bytes()[:256].split(b"\n", 1)[0]
            if head.startswith(b"#!") and str(Path(here).parent).encode() in head:
                lines = program.read_text().split("\n", 1)
                target.write_text(f"#!{there}\n{lines[1]}")
                target.chmod(0o755)
            else:
                target.symlink_to(program)

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(self.tree),
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "VIRTUAL_ENV": str(self.tree / ".venv"),
        }

    def check(self, module: str) -> None:
        """Raise SystemExit unless the copy's project is imported, with an empty environment too."""
        for environment in (self.environment(), {}):
            found = subprocess.run(
                [str(self.python), "-c", f"import {module}; print({module}.__file__)"],
                cwd=self.tree.parent,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if not found.stdout.startswith(str(self.tree)):
                raise SystemExit(f"the copy imports {module} from {found.stdout.strip() or found.stderr.strip()}")

    def apply(self, patch: Path) -> str | None:
        """Apply the patch; returns the error message where it does not apply."""
        program = ["git", "apply"] if shutil.which("git") else ["patch", "-p1", "--fuzz=0", "--batch", "-i"]
        done = subprocess.run(
            [*program, str(patch)],
            cwd=self.tree,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GIT_CEILING_DIRECTORIES": str(self.tree.parent)},
        )
        return None if done.returncode == 0 else (done.stderr or done.stdout).strip()

    def run_tests(self, tests: Sequence[str], timeout_s: float) -> Run:
        """Run the tests in the copy. After `timeout_s` (of an idle machine) all their processes are killed."""
        report = self.tree.parent / "report.xml"
        report.unlink(missing_ok=True)
        command = [str(self.python), "-m", "pytest", "-q", f"--junitxml={report}", *tests]
        with subprocess.Popen(
            command,
            cwd=self.tree,
            env=self.environment(),
            text=True,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            limit = LoadAwareDeadline(timeout_s)
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    output, _ = process.communicate(timeout=CHECK_EVERY_S)
                    break
                if limit.has_expired():
                    os.killpg(process.pid, signal.SIGKILL)
                    output, _ = process.communicate()
                    return Run(None, output=output)
        return read_report(report, process.returncode, output)


def read_report(report: Path, exit_code: int, output: str) -> Run:
    """Count the outcomes. pytest-timeout reports a timeout as a failure; here it is none."""
    if not report.is_file():
        return Run(exit_code, output=output)
    cases = list(ET.parse(report).iter("testcase"))
    failures = [failure for case in cases for failure in case.findall("failure")]
    timeouts = sum("Timeout (>" in (failure.get("message") or "") for failure in failures)
    errors = sum(len(case.findall("error")) for case in cases)
    passed = sum(not len(case.findall("failure") + case.findall("error") + case.findall("skipped")) for case in cases)
    return Run(exit_code, passed, len(failures) - timeouts, errors, timeouts, output)


@contextmanager
def fresh_copy(root: Path) -> Iterator[Copy]:
    place = Path(tempfile.mkdtemp(prefix="voicemill-mutation-")).resolve()
    # As root, fault tests start Postgres as another user, who must be able to read the tree.
    place.chmod(0o755)
    try:
        yield Copy(root, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def try_mutation(root: Path, mutation: Mutation, timeout_s: float) -> tuple[bool, str, str]:
    """Whether the mutation was detected, its verdict, and pytest's output where it was not."""
    with fresh_copy(root) as copy:
        error = copy.apply(mutation.path)
        if error is not None:
            return False, "no longer applies", error
        run = copy.run_tests(mutation.tests, timeout_s)
    if run.has_failed:
        return True, f"detected ({run.failed} failed)", ""
    verdict = "SURVIVED" if run.exit_code == 0 else "proves nothing"
    return False, f"{verdict} ({run.describe()})", run.output


def main(
    arguments: Sequence[str] | None = None, *, root: Path = ROOT, folder: Path = HERE, module: str = "jobs"
) -> int:
    """Try all mutations, or those whose name contains one of the arguments. Returns 0 when all were detected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="parts of patch names; none = all")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for the tests of one mutation")
    parser.add_argument("--at-once", type=int, default=2, help="how many copies are tried at the same time")
    options = parser.parse_args(arguments)
    paths = [p for p in sorted(folder.glob("*.patch")) if not options.names or any(n in p.name for n in options.names)]
    if not paths:
        print("no mutation of this name: nothing is proved")
        return 1
    mutations = [Mutation.read(path) for path in paths]
    tests = sorted({test for mutation in mutations for test in mutation.tests})
    print(f"{len(mutations)} mutations; first their {len(tests)} tests on the unchanged tree …", flush=True)
    with fresh_copy(root) as copy:
        copy.check(module)
        baseline = copy.run_tests(tests, BASELINE_S)
    if not baseline.has_passed:
        print(baseline.output)
        print(f"failed on the unchanged tree ({baseline.describe()}): nothing can be proved")
        return 1
    with ThreadPoolExecutor(options.at_once) as threads:
        tried = threads.map(lambda mutation: try_mutation(root, mutation, options.timeout), mutations)
        return report(zip(mutations, tried, strict=True))


def report(rows: Iterable[tuple[Mutation, tuple[bool, str, str]]]) -> int:
    """Print a row for each mutation; returns 1 where one was not detected."""
    missed = total = 0
    for mutation, (detected, verdict, output) in rows:
        total += 1
        missed += not detected
        print(f"  {'ok ' if detected else 'BAD'} {mutation.path.stem:<44} {verdict}", flush=True)
        if not detected:
            print("\n".join(f"      | {line}" for line in output.splitlines()[-40:]))
    print(f"{total - missed} of {total} mutations were detected")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
