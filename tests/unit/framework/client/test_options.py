"""The typed options against the requests that the server validates."""

from __future__ import annotations

import pytest

from framework.client.options import SpeechOptions, TranscriptionOptions
from pipelines.requests import JobRequest, SynthesisRequest, TranscriptionRequest

#: Set by the server, or arguments of the methods themselves.
NO_OPTIONS = {"source_type", "source_name", "references", "patches", "text", "ssml"}


@pytest.mark.parametrize(
    ("options", "request_type"), [(SpeechOptions, SynthesisRequest), (TranscriptionOptions, TranscriptionRequest)]
)
def test_every_field_of_the_request_is_typed_for_the_client(options: type, request_type: type[JobRequest]) -> None:
    assert set(options.__annotations__) == set(request_type.model_fields) - NO_OPTIONS
