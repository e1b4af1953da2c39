"""Jobs on the wire."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.jobs.schemas import JobError, JobsQuery, WaitQuery


@pytest.mark.parametrize("after", ["job_1", f"job_{'G' * 32}", f"job_{'0' * 33}", ""])
def test_page_starts_after_the_id_of_a_job(after):
    assert JobsQuery(after=f"job_{'0' * 32}").limit == 20
    with pytest.raises(ValidationError):
        JobsQuery(after=after)


@pytest.mark.parametrize("wait", [-1, 60.1, "nan"])
def test_wait_is_a_minute_at_most(wait):
    assert WaitQuery(wait=60).wait == 60.0
    with pytest.raises(ValidationError):
        WaitQuery(wait=wait)


def test_class_of_an_error_keeps_its_name_on_the_wire():
    error = JobError(error_class="bad_input", code="x", detail="No.")
    assert error.model_dump(by_alias=True) == {
        "class": "bad_input",
        "code": "x",
        "detail": "No.",
        "field": None,
        "retryable": False,
    }
