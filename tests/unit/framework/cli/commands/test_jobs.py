"""`voicemill jobs`."""

from __future__ import annotations

import json

from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import WireServer


def test_jobs_are_lines_in_a_pipe(voicemill: Voicemill, wire: WireServer) -> None:
    ids = [wire.add_job(name="meeting.opus"), wire.add_job("tts.synthesize")]
    wire.move(ids[0], done=12.0)
    lines = [line.split("\t") for line in voicemill("jobs").stdout.splitlines()]
    assert lines[0] == ["ID", "KIND", "MODEL", "STATE", "DONE", "CREATED", "NAME"]
    assert [line[0] for line in lines[1:]] == ids[::-1]
    assert lines[2][3:] == ["working", "0:12 of 1:40", "2026-11-22 08:00:00+00:00", "meeting.opus"]


def test_filters_are_sent_as_the_api_accepts_them(voicemill: Voicemill, wire: WireServer) -> None:
    assert voicemill("jobs", "--state", "running", "--label", "book=1", "--limit", 5).exit_code == 0
    assert wire.requests[-1].query == {"state": ["running"], "label.book": ["1"], "limit": ["5"]}


def test_many_jobs_are_fetched_page_by_page(voicemill: Voicemill, wire: WireServer) -> None:
    for _ in range(130):
        wire.add_job()
    assert len(json.loads(voicemill("jobs", "--limit", "120", "--json").stdout)["data"]) == 120
    assert [request.query["limit"] for request in wire.received("GET", "/jobs")] == [["100"], ["20"]]
