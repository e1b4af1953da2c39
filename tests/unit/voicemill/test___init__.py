"""The SDK under the product's name, and the names that an installation brings."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import framework
import voicemill
from tests.services.machine_speed import deadline

ROOT = Path(__file__).resolve().parents[3]


def test_public_names_are_those_of_framework() -> None:
    assert voicemill.__all__ == framework.__all__
    for name in voicemill.__all__:
        assert getattr(voicemill, name) is getattr(framework, name)
        assert name in dir(voicemill)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'voicemill' has no attribute 'Transcriber'"):
        _ = voicemill.Transcriber


def test_importing_loads_no_library() -> None:
    program = "import sys, voicemill; print(sorted({'httpx', 'pydantic', 'rich', 'typer'} & set(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=deadline(120), cwd=ROOT
    )
    assert ended.stdout.strip() == "[]"


def test_wheel_brings_exactly_the_names_that_the_documentation_lists() -> None:
    """A folder of the repository is in the wheel if it is a package and one of these patterns names it."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = setuptools["packages"]["find"]["include"]
    packaged = {
        path.parent.name
        for path in ROOT.glob("*/__init__.py")
        if any(fnmatch(path.parent.name, pattern) for pattern in patterns)
    }
    page = (ROOT / "docs" / "reference" / "packages.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == packaged
    assert not {"tests", "demo", "docs"} & packaged
    # Nothing else: neither single modules nor files outside of the packages.
    assert set(setuptools) == {"packages", "package-data"}
    assert {"voicemill", "framework"} <= set(setuptools["package-data"])
