"""The public names, and that importing them costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import framework
from tests.services.machine_speed import deadline


def test_public_names_are_pinned() -> None:
    assert framework.__all__ == ["AsyncClient", "Client", "errors", "verify_webhook"]


def test_every_public_name_is_there_and_listed() -> None:
    for name in framework.__all__:
        assert getattr(framework, name) is not None
        assert name in dir(framework)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'TorchInferenceFramework'"):
        _ = framework.TorchInferenceFramework


def test_importing_loads_no_library() -> None:
    program = (
        "import sys, framework\n"
        "heavy = {'httpx', 'rich', 'typer', 'pydantic', 'standardwebhooks', 'numpy'}\n"
        "heavy.add('framework.client.blocking_client')\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert _run(program) == "[]"


def test_command_line_loads_no_http_client_before_it_needs_one() -> None:
    program = (
        "import sys, framework.cli.main\n"
        "print(sorted({'httpx', 'rich.progress', 'framework.client.blocking_client'} & set(sys.modules)))"
    )
    assert _run(program) == "[]"


def test_client_loads_nothing_of_the_server() -> None:
    program = (
        "import sys\n"
        "from framework import AsyncClient, Client, errors, verify_webhook\n"
        "import framework.cli.job_monitor\n"
        "server = {'flask', 'celery', 'sqlalchemy', 'redis', 'boto3', 'jobs', 'workers', 'api', 'pipelines'}\n"
        "print(sorted(server & set(sys.modules)))"
    )
    assert _run(program) == "[]"


def _run(program: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=deadline(120)
    )
    return ended.stdout.strip()
