"""Removes one guard at a time and demands that the test which watches it goes red.

A mutation is a `*.patch` beside this file: lines of prose, one line `Test: <pytest node id>` (several are allowed),
then a unified diff that takes a guard away. Each is applied to a fresh copy of the tree and its tests are run there.
Red means that at least one test *failed* (exit code 1): a collection error, an error of a fixture, a timeout or a patch
that no longer applies proves nothing, and a test that is not green on the untouched tree proves nothing either.

The copy gets an interpreter of its own whose packages are those of this one, and whose project is the copy alone: even
a child process with an empty environment finds the copy, where the editable installation would have led it back here.
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

from tests.services.machine_speed import Patience  # noqa: E402

#: Seconds for all tests together on the untouched tree, if the machine is quiet.
BASELINE_S = 3600.0
#: Seconds between two looks at a run.
LOOK_EVERY_S = 1.0
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis", "build", "dist"
)


@dataclass(frozen=True, slots=True)
class Mutation:
    """A patch and the tests that must notice it."""

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
    """What pytest said: its exit code (None = it never ended) and how many tests did what."""

    exit_code: int | None
    passed: int = 0
    failed: int = 0
    errors: int = 0
    timeouts: int = 0
    output: str = ""

    @property
    def green(self) -> bool:
        return self.exit_code == 0 and self.passed > 0

    @property
    def red(self) -> bool:
        return self.exit_code == 1 and self.failed > 0 and not self.errors

    def describe(self) -> str:
        if self.exit_code is None:
            return "did not end in time"
        counts = ("passed", "failed", "errors", "timeouts")
        return f"exit {self.exit_code}: " + ", ".join(f"{getattr(self, count)} {count}" for count in counts)


class Copy:
    """A private copy of the tree with an interpreter that knows no other."""

    def __init__(self, root: Path, place: Path) -> None:
        self.tree = place / "tree"
        shutil.copytree(root, self.tree, ignore=LEFT_OUT, symlinks=True)
        self._make_interpreter()

    def _make_interpreter(self) -> None:
        folder = self.tree / ".venv"
        venv.create(folder, symlinks=True)
        self.python = folder / "bin" / "python"
        packages = next(folder.glob("lib/python*/site-packages"))
        # A plain .pth line adds a directory but reads no .pth in it: the editable installation stays outside.
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
        """Refuse to go on when the copy's project is not the one that is imported, even with an empty environment."""
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
        """Apply the patch; the complaint where it does not fit."""
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

    def test(self, tests: Sequence[str], timeout_s: float) -> Run:
        """Run the tests here. Whatever outlives the time (of a quiet machine) is killed with all it started."""
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
            patience = Patience(timeout_s)
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    output, _ = process.communicate(timeout=LOOK_EVERY_S)
                    break
                if patience.is_over():
                    os.killpg(process.pid, signal.SIGKILL)
                    output, _ = process.communicate()
                    return Run(None, output=output)
        return read_report(report, process.returncode, output)


def read_report(report: Path, exit_code: int, output: str) -> Run:
    """Count what happened. pytest-timeout reports a hanging test as a failure: here it is none."""
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
    # Fault tests start Postgres as another user when they run as root: that user has to reach the tree.
    place.chmod(0o755)
    try:
        yield Copy(root, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def try_mutation(root: Path, mutation: Mutation, timeout_s: float) -> tuple[bool, str, str]:
    """Whether the mutation was noticed, a word about it, and pytest's output where it was not."""
    with fresh_copy(root) as copy:
        complaint = copy.apply(mutation.path)
        if complaint is not None:
            return False, "no longer applies", complaint
        run = copy.test(mutation.tests, timeout_s)
    if run.red:
        return True, f"red ({run.failed} failed)", ""
    word = "SURVIVED" if run.exit_code == 0 else "proves nothing"
    return False, f"{word} ({run.describe()})", run.output


def main(
    arguments: Sequence[str] | None = None, *, root: Path = ROOT, folder: Path = HERE, module: str = "jobs"
) -> int:
    """Try every mutation (or those whose name contains one of the arguments). 0 when each was noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="parts of patch names; none = all")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for the tests of one mutation")
    parser.add_argument("--at-once", type=int, default=2, help="how many copies are tried at the same time")
    options = parser.parse_args(arguments)
    paths = [p for p in sorted(folder.glob("*.patch")) if not options.names or any(n in p.name for n in options.names)]
    if not paths:
        print("no mutation to try: a guard that nobody removes is a guard that nobody knows to work")
        return 1
    mutations = [Mutation.read(path) for path in paths]
    tests = sorted({test for mutation in mutations for test in mutation.tests})
    print(f"{len(mutations)} mutations; first their {len(tests)} tests on the untouched tree …", flush=True)
    with fresh_copy(root) as copy:
        copy.check(module)
        baseline = copy.test(tests, BASELINE_S)
    if not baseline.green:
        print(baseline.output)
        print(f"not green on the untouched tree ({baseline.describe()}): nothing can be proved")
        return 1
    with ThreadPoolExecutor(options.at_once) as threads:
        tried = threads.map(lambda mutation: try_mutation(root, mutation, options.timeout), mutations)
        return report(zip(mutations, tried, strict=True))


def report(rows: Iterable[tuple[Mutation, tuple[bool, str, str]]]) -> int:
    """Print the table as it grows; 1 where a mutation was not noticed."""
    missed = total = 0
    for mutation, (noticed, word, output) in rows:
        total += 1
        missed += not noticed
        print(f"  {'ok ' if noticed else 'BAD'} {mutation.path.stem:<44} {word}", flush=True)
        if not noticed:
            print("\n".join(f"      | {line}" for line in output.splitlines()[-40:]))
    print(f"{total - missed} of {total} mutations were noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
