"""Responses and times that all features share."""

from __future__ import annotations

import json

from pydantic import BaseModel, Field

from api.http.responses import json_response, utc_datetime


class Body(BaseModel):
    kind: str = Field(alias="class")


def test_response_is_json_by_alias_that_no_cache_stores():
    response = json_response(Body.model_validate({"class": "é"}), 201)
    assert (response.status_code, response.content_type) == (201, "application/json")
    assert json.loads(response.data) == {"class": "é"}
    assert response.headers["Cache-Control"] == "no-store"


def test_times_are_aware_and_none_stays_none():
    assert utc_datetime(1_500).isoformat() == "1970-01-01T00:00:01.500000+00:00"
    assert utc_datetime(None) is None
