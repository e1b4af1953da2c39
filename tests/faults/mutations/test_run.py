"""What the mutation runner counts as detected, and what proves nothing. Uses a small project of its own."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.faults.mutations import run

GATE = '''"""A guard."""

import time


def may_pass(age: int) -> bool:
    """Whether somebody of this age may pass."""
    return age >= 18


def wait() -> None:
    """Nothing to wait for."""
'''
TESTS = """import subprocess
import sys

import pytest

from gatehouse import gate


def test_children_stay_outside():
    assert not gate.may_pass(7)


def test_adults_pass():
    assert gate.may_pass(30)


@pytest.mark.timeout(2)
def test_waiting_ends_soon():
    gate.wait()


def test_waiting_ends():
    gate.wait()


def test_a_child_process_sees_the_same_gate():
    code = "from gatehouse import gate; print(gate.may_pass(7))"
    seen = subprocess.run([sys.executable, "-c", code], env={}, cwd="/", capture_output=True, text=True, check=True)
    assert seen.stdout == "False\\n"
"""
NO_GUARD = """--- a/gatehouse/gate.py
+++ b/gatehouse/gate.py
@@ -5,5 +5,5 @@

 def may_pass(age: int) -> bool:
     \"\"\"Whether somebody of this age may pass.\"\"\"
-    return age >= 18
+    return True

"""
ENDLESS = """--- a/gatehouse/gate.py
+++ b/gatehouse/gate.py
@@ -11,2 +11,3 @@
 def wait() -> None:
     \"\"\"Nothing to wait for.\"\"\"
+    time.sleep(600)
"""


#: Name → diff, and the test that is to detect it.
PATCHES = {
    "detected": (NO_GUARD, "test_children_stay_outside"),
    "detected-in-a-child": (NO_GUARD, "test_a_child_process_sees_the_same_gate"),
    "survivor": (NO_GUARD, "test_adults_pass"),
    "outdated": (NO_GUARD.replace("age >= 18", "age >= 21"), "test_children_stay_outside"),
    "uncollectable": (NO_GUARD.replace("+    return True", "+    return )"), "test_children_stay_outside"),
    "slow": (ENDLESS, "test_waiting_ends_soon"),
}


def make_project(root: Path, **patches: tuple[str, str]) -> Path:
    """A tree with one guard, its tests and a folder `mutations`."""
    files = {
        "gatehouse/__init__.py": "",
        "gatehouse/gate.py": GATE,
        "tests/test_gate.py": TESTS,
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--import-mode=importlib -p no:cacheprovider"\n',
    }
    for name, (diff, test) in patches.items():
        files[f"mutations/{name}.patch"] = f"What it removes.\nTest: tests/test_gate.py::{test}\n\n{diff}"
    (root / "mutations").mkdir(parents=True)
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


def try_all(project: Path, *arguments: str) -> int:
    return run.main(arguments, root=project, folder=project / "mutations", module="gatehouse")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return make_project(tmp_path_factory.mktemp("mutations") / "project", **PATCHES)


@pytest.fixture(scope="module")
def table(project) -> str:
    """The output for all PATCHES; the exit code is 1, since some are not detected."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert try_all(project) == 1
    return printed.getvalue()


def row(table: str, name: str) -> str:
    """The verdict on one patch."""
    found = re.search(rf"^  (\S+) +{name} +(.*)$", table, re.M)
    return f"{found[1]} {found[2]}"


def test_removed_guard_is_detected(table):
    assert row(table, "detected") == "ok detected (1 failed)"


def test_removed_guard_is_detected_in_a_child_without_environment(table):
    assert row(table, "detected-in-a-child") == "ok detected (1 failed)"


def test_surviving_mutation_is_named(table):
    assert row(table, "survivor").startswith("BAD SURVIVED")


def test_patch_that_no_longer_applies_is_named(table):
    assert row(table, "outdated") == "BAD no longer applies"


def test_collection_error_proves_nothing(table):
    assert row(table, "uncollectable").startswith("BAD proves nothing")


def test_test_ended_by_its_own_timeout_proves_nothing(table):
    assert row(table, "slow").startswith("BAD proves nothing")
    assert "0 failed" in row(table, "slow")
    assert "1 timeouts" in row(table, "slow")


def test_score_is_counted(table):
    assert table.endswith("2 of 6 mutations were detected\n")


def test_the_tree_itself_is_never_touched(table, project):
    assert (project / "gatehouse" / "gate.py").read_text() == GATE


def test_run_succeeds_when_all_are_detected(tmp_path):
    assert try_all(make_project(tmp_path / "project", detected=PATCHES["detected"])) == 0


def test_hanging_test_proves_nothing(tmp_path, capsys):
    project = make_project(tmp_path / "project", hanging=(ENDLESS, "test_waiting_ends"))
    assert try_all(project, "--timeout", "5") == 1
    assert row(capsys.readouterr().out, "hanging") == "BAD proves nothing (timed out)"


def test_test_that_fails_anyway_proves_nothing(tmp_path, capsys):
    project = make_project(tmp_path / "project", detected=PATCHES["detected"])
    (project / "gatehouse" / "gate.py").write_text(GATE.replace("age >= 18", "age >= 5"))
    assert try_all(project) == 1
    assert "failed on the unchanged tree" in capsys.readouterr().out


def test_no_mutation_at_all_fails_the_run(tmp_path):
    assert try_all(make_project(tmp_path / "project")) == 1


def test_patch_without_a_test_is_refused(tmp_path):
    project = make_project(tmp_path / "project")
    (project / "mutations" / "one.patch").write_text(f"What it removes.\n\n{NO_GUARD}")
    with pytest.raises(ValueError, match="no line `Test:"):
        try_all(project)
