"""`voicemill cancel`."""

from __future__ import annotations

import json

from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import WireServer


def test_all_named_jobs_are_cancelled(voicemill: Voicemill, wire: WireServer) -> None:
    ids = [wire.add_job(), wire.add_job()]
    result = voicemill("cancel", *ids)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [f"{job_id}\tcancelled" for job_id in ids]
    assert {job["state"] for job in wire.jobs.values()} == {"cancelled"}


def test_json_holds_the_jobs(voicemill: Voicemill, wire: WireServer) -> None:
    job_id = wire.add_job()
    assert [job["id"] for job in json.loads(voicemill("cancel", job_id, "--json").stdout)["jobs"]] == [job_id]
