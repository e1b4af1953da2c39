"""What the tests of whole chunks share. The template of sandboxes is loaded once for each file: that takes seconds."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from api.wiring import assemble_services
from jobs.child_environment import sandbox_environment
from jobs.dispatch.dispatch import NullDispatch
from tests.integration.worker_harness import TENANT, WorkerHarness
from tests.services.machine_speed import deadline
from workers.sandbox.confinement import ResourceLimits
from workers.sandbox.pool import SandboxPool


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[SandboxPool]:
    """Confined processes with the limits of a roomy machine."""
    pool = SandboxPool(
        ResourceLimits(2 << 30, math.ceil(deadline(120)), 1 << 30),
        stall_s=deadline(60),
        environment=sandbox_environment(),
    )
    assert pool.wait_until_loaded(deadline(60))
    yield pool
    pool.close()


@pytest.fixture
def client(place: WorkerHarness) -> Iterator[FlaskClient]:
    """The API over a workplace, with a key of its tenant."""
    services = assemble_services(place.settings, store=place.record, storage=place.objects, dispatch=NullDispatch())
    client = create_app(services).test_client()
    _, secret = place.record.keys.create(TENANT, "test", ["read", "submit"])
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    yield client
    services.close()
