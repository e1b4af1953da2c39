"""Headers and responses of submitting routes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.submission.schemas import SubmitHeaders, submission_responses


def test_idempotency_key_is_printable_ascii_without_spaces():
    assert SubmitHeaders.model_validate({"Idempotency-Key": "!~" * 100}).idempotency_key == "!~" * 100
    for key in ("", "a b", "é", "x" * 256):
        with pytest.raises(ValidationError):
            SubmitHeaders.model_validate({"Idempotency-Key": key})


def test_audio_is_a_response_of_the_routes_that_declare_it():
    assert list(submission_responses()[200]["content"]) == ["application/json"]
    assert list(submission_responses("audio/*")[200]["content"]) == ["application/json", "audio/*"]
    assert list(submission_responses("audio/*")[202]["content"]) == ["application/json"]
    assert set(submission_responses()[202]["headers"]) == {"Location", "Retry-After", "Idempotency-Replayed"}
