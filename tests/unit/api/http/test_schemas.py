"""Schemas that all features share."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.http.schemas import Problem, ResponseModel


class Body(ResponseModel):
    text: str
    note: str | None = None


def test_every_field_of_a_response_is_documented_as_present():
    assert Body.model_json_schema(mode="serialization")["required"] == ["text", "note"]
    assert Body(text="a").model_dump() == {"text": "a", "note": None}


def test_value_of_a_response_that_does_not_fit_is_not_in_the_error():
    with pytest.raises(ValidationError) as raised:
        Body(text={"secret": "hunter2"})
    assert "hunter2" not in str(raised.value)


def test_problem_of_the_server_fits_its_schema(anyone):
    problem = Problem.model_validate(anyone.get("/nothing").json)
    assert (problem.status, problem.code, problem.errors) == (404, "not_found", None)
