"""The files of a result, by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.http.errors import NoResult
from api.jobs.result_files import find_file
from jobs.errors import NotFinished, NotFound
from jobs.states import JobState

FILES = {"audio.wav": ("audio/wav", b"RIFF"), "marks.json": ("application/json", b"{}")}


def test_file_is_the_named_one_or_the_first(finished_job):
    job = finished_job(FILES)
    assert find_file(job, None).name == "audio.wav"
    assert find_file(job, "marks.json").content_type == "application/json"
    with pytest.raises(NotFound, match=r"audio\.wav, marks\.json"):
        find_file(job, "video.mp4")


@pytest.mark.parametrize(
    ("state", "error"), [(JobState.RUNNING, NotFinished), (JobState.FAILED, NoResult), (JobState.CANCELLED, NoResult)]
)
def test_job_that_has_not_succeeded_has_no_files(finished_job, state, error):
    with pytest.raises(error):
        find_file(replace(finished_job(FILES), state=state), None)
