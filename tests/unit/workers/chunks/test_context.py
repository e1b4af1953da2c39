"""What a chunk's steps know of their job and model."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.chunk import Chunk, Claim
from jobs.job import Job
from jobs.states import ChunkState, JobState, Priority, Step
from pipelines.catalog.catalog import Catalog
from pipelines.errors import UnsupportedOption
from workers.chunks import context as chunk_context
from workers.chunks.context import ChunkContext


def context(kind: str = "tts.synthesize", model: str = "tone", *, store: Any = None, **changes: Any) -> ChunkContext:
    """`changes`: of the job, or of the chunk."""
    job = Job("job_1", "acme", kind, model, JobState.RUNNING, Priority.NORMAL, {}, {}, 0, 0, 0)
    chunk = Chunk("chk_1", "job_1", "acme", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, 1, 0.0, {})
    of_job = {name: value for name, value in changes.items() if name in Job.__slots__}
    of_chunk = {name: value for name, value in changes.items() if name not in of_job}
    claim = Claim(replace(job, **of_job), replace(chunk, **of_chunk), 60_000)
    return ChunkContext(claim, None, None, store, Catalog(), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "is_plain"),
    [
        ({"params": {"text": "Hi."}}, True),
        ({"params": {"text": None}, "input_key": "jobs/t/j/input/upload"}, False),
        ({"params": {"text": "Hi.", "references": {"me": {}}}}, False),
        ({"kind": "stt.transcribe", "params": {"text": "Hi."}}, False),
    ],
)
def test_a_text_among_the_parameters_is_plain(changes: dict[str, Any], is_plain: bool) -> None:
    assert context(**changes).is_plain_text == is_plain


def test_a_first_attempt_without_user_input_may_share_a_process() -> None:
    assert context().sharing_tenant(parses_user_input=False) == "acme"
    assert context().sharing_tenant(parses_user_input=True) is None
    assert context(error_count=1).sharing_tenant(parses_user_input=False) is None
    assert context(crash_count=1).sharing_tenant(parses_user_input=False) is None


def test_a_chunk_runs_with_the_model_of_its_job_or_of_its_span() -> None:
    assert context().entry.name == "tone"
    assert context(span={"model": "tone-listener"}).entry.name == "tone-listener"
    with pytest.raises(UnsupportedOption):
        _ = context(model="no-such-model").entry


def test_finished_chunks_come_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_context, "_PAGE", 2)
    pages = []

    def finished_chunks(job_id: str, *, after_idx: int, limit: int) -> list[Any]:
        pages.append(after_idx)
        return [SimpleNamespace(idx=idx) for idx in range(after_idx + 1, min(after_idx + 1 + limit, 5))]

    store = SimpleNamespace(jobs=SimpleNamespace(finished_chunks=finished_chunks))
    assert [chunk.idx for chunk in context(store=store).finished_chunks("job_1")] == [0, 1, 2, 3, 4]
    assert pages == [-1, 1, 3]
