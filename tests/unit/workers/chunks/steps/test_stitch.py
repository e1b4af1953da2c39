"""The step of a stitch: request, files of the result, result."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.chunk import Chunk, ChunkNotes, PlanFile
from jobs.states import ChunkState, Step
from workers.chunks.steps.stitch import StitchStep
from workers.engines.messages import PLAN_FILE, SPANS_FILE, StitchDone, WorkDone
from workers.engines.protocol import ProtocolViolation

NOTES = ChunkNotes(engine_s=1.25)


class Jobs:
    """A job store with a plan and two finished chunks."""

    def __init__(self, storage: Any) -> None:
        self._chunks = [self._chunk(storage, Step.WORK, idx, f"part {idx}") for idx in range(2)]
        cover = storage.put_bytes("jobs/t/job_1/plan/cover", b"picture")
        notes = ChunkNotes(files=[PlanFile("cover", cover)])
        self._plan = self._chunk(storage, Step.PLAN, 0, '{"header": {}}\n', notes)

    def _chunk(self, storage: Any, step: Step, idx: int, text: str, notes: ChunkNotes = NOTES) -> Chunk:
        part = storage.put_bytes(f"jobs/t/job_1/parts/{step}-{idx}", text.encode())
        return Chunk(
            id=f"chk_{step}{idx}",
            job_id="job_1",
            tenant_id="t",
            step=step,
            round=1,
            idx=idx,
            queue="q",
            state=ChunkState.SUCCEEDED,
            fence=1,
            units=1.0,
            span={"idx": idx},
            part=part,
            notes=notes,
        )

    def plan_chunk(self, job_id: str) -> Chunk:
        return self._plan

    def finished_chunks(self, job_id: str, *, after_idx: int, limit: int) -> list[Chunk]:
        return [chunk for chunk in self._chunks if chunk.idx > after_idx]


@pytest.fixture
def make(contexts: Any) -> Any:
    def make(**job: Any) -> StitchStep:
        jobs = Jobs(contexts.storage)
        fields = {"params": {"text": "Hi."}, "started_at": 1_000, "unit": "characters", "units_total": 8.0, **job}
        return StitchStep(contexts.make(Step.STITCH, fields, {"queue": "cpu"}, jobs))

    return make


def test_plan_spans_and_files_are_there_from_the_start_and_parts_on_demand(make: Any, contexts: Any) -> None:
    step = make()
    request = step.prepare()
    assert (request.shared_by, request.imports) == ("t", [])
    assert contexts.read(PLAN_FILE) == '{"header": {}}\n'
    assert contexts.read("cover") == "picture"
    assert [json.loads(line) for line in contexts.read(SPANS_FILE).splitlines()] == [{"idx": 0}, {"idx": 1}]
    assert step.fetch_source(1) == "source-1"
    assert contexts.read("source-1") == "part 1"
    assert step.fetch_source(2) is None


@pytest.mark.parametrize(
    ("job", "shared_by", "imports"),
    [
        ({"params": {"text": None}, "input_key": "jobs/t/job_1/input/upload"}, None, []),
        ({"kind": "stt.transcribe", "model": "tone-listener", "params": {}}, "t", []),
        (
            {"kind": "stt.transcribe", "model": "tone-listener", "params": {"diarize": True}},
            "t",
            ["sklearn.cluster", "sklearn.metrics"],
        ),
    ],
    ids=["book", "transcript", "diarization"],
)
def test_the_kind_declares_what_a_process_may_share_and_imports(
    make: Any, job: dict[str, Any], shared_by: str | None, imports: list[str]
) -> None:
    request = make(**job).prepare()
    assert (request.shared_by, request.imports) == (shared_by, imports)


def test_files_become_the_result(make: Any, contexts: Any) -> None:
    step = make()
    step.prepare()
    step.store_file("audio.wav", contexts.write("out-1", "speech"), "audio/wav")
    commit, _ = step.build_commit(StitchDone(2.5, {"language": "en"}))
    assert commit.result is not None
    (file,) = commit.result["files"]
    assert (file["name"], file["content_type"], file["bytes"]) == ("audio.wav", "audio/wav", 6)
    assert commit.part.key == file["key"]
    assert commit.result["usage"] == {"audio_s": 2.5, "characters": 8, "engine_s": 2.5}
    assert (commit.result["language"], commit.result["duration_s"]) == ("en", 2.5)
    assert commit.result["processing_s"] >= 1.0


def test_a_result_has_a_file(make: Any) -> None:
    step = make()
    step.prepare()
    with pytest.raises(ProtocolViolation):
        step.build_commit(StitchDone(2.5, {}))
    with pytest.raises(ProtocolViolation):
        step.build_commit(WorkDone("part", 1.0))
