"""What the fork server imports: all that plan and stitch use, and nothing that only engines use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.catalog.job_kinds import ENGINE_RUNTIMES
from tests.services.machine_speed import deadline
from workers.sandbox.confinement import ResourceLimits
from workers.sandbox.fork_server import _Allowance, _is_engine_code

ROOT = Path(__file__).parents[4]
_PROGRAM = (
    "import sys; from workers.sandbox.fork_server import import_everything; import_everything(); print(*sys.modules)"
)


@pytest.fixture(scope="module")
def imported() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True, timeout=deadline(120)
    )
    return set(done.stdout.split())


def test_no_model_runtime_is_imported(imported: set[str]) -> None:
    assert {name.split(".")[0] for name in imported} & ENGINE_RUNTIMES == set()


def test_no_engine_code_is_imported(imported: set[str]) -> None:
    assert {name for name in imported if _is_engine_code(name)} == set()


@pytest.mark.parametrize("name", ["pipelines.tts.synthesis", "pipelines.stt.transcription", "av", "encodings.cp1252"])
def test_what_plan_and_stitch_use_is_imported(imported: set[str], name: str) -> None:
    assert name in imported


def test_engine_code_is_known_by_its_package() -> None:
    assert _is_engine_code("pipelines.families.tone")
    assert _is_engine_code("pipelines.engines")
    assert not _is_engine_code("pipelines.family")
    assert not _is_engine_code("pipelines.tts.synthesis")


def test_a_reusable_process_is_used_up_by_a_tenth_of_its_processor_time() -> None:
    assert not _Allowance(ResourceLimits(1 << 40, 10**9, 1)).is_used_up()
    assert _Allowance(ResourceLimits(1 << 40, 0, 1)).is_used_up()
