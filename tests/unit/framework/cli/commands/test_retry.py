"""`voicemill retry`."""

from __future__ import annotations

import json

import pytest

from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import WireServer


def test_id_of_the_new_job_is_alone_on_stdout(voicemill: Voicemill, wire: WireServer) -> None:
    job_id = wire.add_job()
    wire.fail(job_id)
    result = voicemill("retry", job_id)
    assert wire.jobs[result.stdout.strip()]["parent_id"] == job_id
    assert json.loads(voicemill("retry", job_id, "--json").stdout)["job"]["parent_id"] == job_id


@pytest.mark.parametrize(("status", "code"), [(500, 1), (409, 2)])
def test_error_of_the_server_is_exit_code_one_and_of_the_user_two(
    voicemill: Voicemill, wire: WireServer, status: int, code: int
) -> None:
    wire.refuse_next(status, "some_code", detail="No.", retryable=False)
    result = voicemill("retry", "job_1")
    assert result.exit_code == code
    assert ("Request req_1" in result.stderr) is (status == 500)
