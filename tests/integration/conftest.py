"""What the tests of whole chunks share: a template that is loaded once for each file, since that takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.settings import sandbox_environment
from workers.sandbox.confinement import Limits
from workers.sandbox_pool import SandboxPool


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[SandboxPool]:
    """Confined processes with the limits of a roomy machine."""
    pool = SandboxPool(Limits(2 << 30, 120, 1 << 30), stall_s=60, environment=sandbox_environment())
    assert pool.wait_until_loaded(60)
    yield pool
    pool.close()
