"""The notes of a chunk as the database holds them: only what was noted, under the names that the audit reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.chunk import ChunkNotes, PlanFile
from jobs.stored_object import StoredObject

COVER = StoredObject("jobs/t/job_1/plan/1/cover", "f" * 64, 12)


@pytest.mark.parametrize(
    ("notes", "value"),
    [
        (ChunkNotes(), {}),
        (
            ChunkNotes(engine_s=0.0, provenance={"engine_entry": "tone"}, follow_ups=0, duration_s=2.5),
            {"engine_s": 0.0, "provenance": {"engine_entry": "tone"}, "follow_ups": 0, "duration_s": 2.5},
        ),
        (ChunkNotes(duration_s=0.0), {"duration_s": 0.0}),
        (
            ChunkNotes(files=(PlanFile("cover", COVER),)),
            {"files": [{"name": "cover", "key": COVER.key, "sha256": COVER.sha256, "bytes": 12}]},
        ),
    ],
    ids=["nothing", "work", "stitch", "plan"],
)
def test_notes_are_stored_as_they_were_noted(notes: ChunkNotes, value: dict[str, Any]) -> None:
    assert json.dumps(notes.to_json()) == json.dumps(value)
    assert ChunkNotes.from_json(value) == notes
