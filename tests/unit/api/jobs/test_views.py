"""A job as the outside sees it."""

from __future__ import annotations

import json

import pytest

from api.jobs.availability import Availability
from api.jobs.schemas import JobBody, MissingWorker
from api.jobs.views import job_body, progress
from jobs.failure import ErrorClass, Failure
from jobs.job import Job
from jobs.states import JobState, Priority


def make(**changes):
    fields = {
        "id": f"job_{'0' * 32}",
        "tenant_id": "local",
        "kind": "tts.synthesize",
        "model": "espeak",
        "state": JobState.RUNNING,
        "priority": Priority.NORMAL,
        "params": {"text": "a"},
        "labels": {},
        "created_at": 1_000,
        "updated_at": 11_000,
        "deadline_at": 700_000,
        "started_at": 1_000,
    }
    return Job(**{**fields, **changes})


def no_link(_job, _stored):
    return "https://example.com/x", 1_800_000_000


@pytest.mark.parametrize(
    ("changes", "is_waiting", "stage"),
    [
        ({"state": JobState.ACCEPTED}, False, "plan"),
        ({"state": JobState.ACCEPTED}, True, "waiting_for_worker"),
        ({"state": JobState.PLANNING}, False, "plan"),
        ({"chunk_total": 4}, False, "work"),
        ({"chunk_total": 4}, True, "waiting_for_worker"),
        ({"state": JobState.STITCHING, "chunk_total": 4, "chunks_done": 4}, False, "stitch"),
        ({"state": JobState.STITCHING, "chunk_total": 4, "chunks_done": 4}, True, "waiting_for_worker"),
        ({"state": JobState.SUCCEEDED, "chunk_total": 4, "chunks_done": 4}, False, "stitch"),
        ({"state": JobState.SUCCEEDED, "finished_at": 1}, False, "stitch"),
        ({"state": JobState.FAILED}, False, "plan"),
        ({"state": JobState.FAILED, "chunk_total": 4, "chunks_done": 1}, False, "work"),
    ],
)
def test_stage_tells_where_the_job_is(changes, is_waiting, stage):
    assert progress(make(**changes), available=Availability(is_waiting=is_waiting)).stage == stage


def test_job_says_which_workers_are_missing():
    missing = MissingWorker(queue="tts.espeak", family="espeak", model="espeak")
    assert progress(make(), available=Availability([missing])).missing_workers == [missing]
    assert progress(make()).missing_workers == []


def test_progress_counts_what_runs_and_guesses_the_rest():
    found = progress(
        make(chunk_total=4, chunks_done=1, units_total=100.0, units_done=20.0, units_running=5.0, unit="s")
    )
    assert (found.done, found.total, found.fraction) == (25.0, 100.0, 0.25)
    assert found.eta_s == pytest.approx(30.0)


def test_progress_never_passes_its_end():
    found = progress(make(chunk_total=1, units_total=10.0, units_done=10.0, units_running=5.0, unit="s"))
    assert (found.done, found.fraction) == (10.0, 1.0)


@pytest.mark.parametrize("changes", [{"started_at": None}, {"units_total": None}, {"units_done": 0.0}])
def test_no_guess_without_a_start(changes):
    assert progress(make(**{"chunk_total": 1, "units_total": 9.0, "units_done": 1.0, **changes})).eta_s is None


def test_times_are_utc_and_the_document_fits_its_own_model():
    error = Failure(ErrorClass.BAD_INPUT, "unreadable_input", "No.")
    body = json.loads(job_body(make(state=JobState.FAILED, error=error), link=no_link).model_dump_json(by_alias=True))
    assert body["created_at"] == "1970-01-01T00:00:01Z"
    assert body["finished_at"] is None
    assert body["error"] == {**error.to_json(), "field": None}
    JobBody.model_validate(body)


def test_fields_of_the_server_are_not_shown():
    params = {"text": None, "source_type": "epub", "source_name": "a.epub", "speed": 1.0}
    assert job_body(make(params=params), link=no_link).request == {"text": None, "speed": 1.0}


def test_warnings_of_a_result_are_shown_and_older_results_have_none():
    warning = {"code": "no_speech", "detail": "The transcript is empty."}
    result = {"duration_s": 1.0, "processing_s": 1.0, "usage": {}, "files": []}
    for stored, shown in (({**result, "warnings": [warning]}, [warning]), (result, [])):
        body = job_body(make(state=JobState.SUCCEEDED, result=stored), link=no_link).model_dump(mode="json")
        assert body["result"]["warnings"] == shown


def test_keys_of_objects_never_show():
    stored = {"name": "audio.wav", "content_type": "audio/wav", "bytes": 1, "sha256": "00", "key": "jobs/secret/key"}
    result = {"duration_s": 1.0, "processing_s": 1.0, "usage": {}, "files": [stored], "internal": "x"}
    text = job_body(make(state=JobState.SUCCEEDED, result=result), link=no_link).model_dump_json(by_alias=True)
    assert "jobs/secret" not in text and "internal" not in text


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"title": "A Book", "source_name": "book.epub", "text": None}, "A Book"),
        ({"title": None, "source_name": "book.epub"}, "book.epub"),
        (
            {"title": None, "source_name": None, "text": "Good evening.\n\nThis is Brannock."},
            "Good evening. This is Brannock.",
        ),
        ({"text": "word " * 1000}, "word " * 11 + "word…"),
        ({"ssml": "<speak>a</speak>", "text": None}, None),
        ({"text": " "}, None),
    ],
)
def test_name_is_the_title_or_the_file_or_the_beginning_of_the_text(params, name):
    assert job_body(make(params=params), link=no_link).name == name
