"""The harness itself: what counts as noticed, and what proves nothing. Uses a small project of its own."""

from __future__ import annotations

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

from gatehouse import gate


def test_children_stay_outside():
    assert not gate.may_pass(7)


def test_adults_pass():
    assert gate.may_pass(30)


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
SYNTAX_ERROR = NO_GUARD.replace("+    return True", "+    return )")
ENDLESS = """--- a/gatehouse/gate.py
+++ b/gatehouse/gate.py
@@ -11,2 +11,3 @@
 def wait() -> None:
     \"\"\"Nothing to wait for.\"\"\"
+    time.sleep(600)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A tree with one guard and its tests; patches go to its folder `mutations`."""
    root = tmp_path / "project"
    for name, text in {
        "gatehouse/__init__.py": "",
        "gatehouse/gate.py": GATE,
        "tests/test_gate.py": TESTS,
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--import-mode=importlib -p no:cacheprovider"\n',
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "mutations").mkdir()
    return root


def try_one(project: Path, patch: str, test: str, *arguments: str) -> int:
    """Run the harness over a single patch that names a single test."""
    (project / "mutations" / "one.patch").write_text(
        f"What it takes away.\nTest: tests/test_gate.py::{test}\n\n{patch}"
    )
    return run.main(arguments, root=project, folder=project / "mutations", module="gatehouse")


def test_removed_guard_is_noticed(project, capsys):
    assert try_one(project, NO_GUARD, "test_children_stay_outside") == 0
    assert "red (1 failed)" in capsys.readouterr().out


def test_removed_guard_is_noticed_in_a_child_without_environment(project):
    assert try_one(project, NO_GUARD, "test_a_child_process_sees_the_same_gate") == 0


def test_the_tree_itself_is_never_touched(project):
    try_one(project, NO_GUARD, "test_children_stay_outside")
    assert (project / "gatehouse" / "gate.py").read_text() == GATE


def test_surviving_mutation_fails_the_run(project, capsys):
    assert try_one(project, NO_GUARD, "test_adults_pass") == 1
    assert "SURVIVED" in capsys.readouterr().out


def test_patch_that_no_longer_applies_fails_the_run(project, capsys):
    assert try_one(project, NO_GUARD.replace("age >= 18", "age >= 21"), "test_children_stay_outside") == 1
    assert "no longer applies" in capsys.readouterr().out


def test_collection_error_proves_nothing(project, capsys):
    assert try_one(project, SYNTAX_ERROR, "test_children_stay_outside") == 1
    assert "proves nothing" in capsys.readouterr().out


def test_hanging_test_proves_nothing(project, capsys):
    assert try_one(project, ENDLESS, "test_waiting_ends", "--timeout", "8") == 1
    assert "did not end in time" in capsys.readouterr().out


def test_test_ended_by_its_own_timeout_proves_nothing(project, capsys):
    with (project / "pyproject.toml").open("a") as file:
        file.write("timeout = 2\n")
    assert try_one(project, ENDLESS, "test_waiting_ends") == 1
    assert "1 timeouts" in capsys.readouterr().out


def test_test_that_is_red_anyway_proves_nothing(project, capsys):
    (project / "gatehouse" / "gate.py").write_text(GATE.replace("age >= 18", "age >= 5"))
    assert try_one(project, NO_GUARD.replace("age >= 18", "age >= 5"), "test_children_stay_outside") == 1
    assert "not green on the untouched tree" in capsys.readouterr().out


def test_no_mutation_at_all_fails_the_run(project):
    assert run.main([], root=project, folder=project / "mutations", module="gatehouse") == 1


def test_patch_without_a_test_is_refused(project):
    (project / "mutations" / "one.patch").write_text(f"What it takes away.\n\n{NO_GUARD}")
    with pytest.raises(ValueError, match="no line `Test:"):
        run.main([], root=project, folder=project / "mutations", module="gatehouse")
